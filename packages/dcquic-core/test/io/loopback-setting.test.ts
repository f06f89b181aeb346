import { expect, test } from "@jest/globals";
import { type LoopbackSetting, withLoopbackSetting } from "#src/io/pool/loopback-setting.js";

const ASSUMED = { mtuMaxBytes: 8900, nicBytesPerSecond: 2.5e9 };

test("§12, §14: pools of the loopback interface probe for datagrams of 8900 bytes and know no card, others do neither", () => {
  for (const host of ["127.0.0.1", "127.1.2.3", "::1"]) {
    expect(withLoopbackSetting<LoopbackSetting>({ host }).engine).toEqual(ASSUMED);
  }
  for (const host of ["10.0.0.1", "0.0.0.0", "::", "fe80::1"]) {
    expect(withLoopbackSetting({ host })).toEqual({ host });
  }
});

test("§12, §14: what was chosen stays, and everything else that was told", () => {
  const engine = { mtuBytes: 1300, mtuMaxBytes: 1400, nicBytesPerSecond: 1e9 };
  const told = { host: "127.0.0.1", engine, port: 7 };
  expect(withLoopbackSetting(told)).toEqual(told);
  const rest = withLoopbackSetting({ host: "127.0.0.1", engine: { mtuBytes: 1300 }, port: 7 });
  expect(rest).toEqual({ ...told, engine: { mtuBytes: 1300, ...ASSUMED } });
});

test("§12: cards that settings name, or that are assumed with them, keep their rate", () => {
  const told = { host: "127.0.0.1", settings: { preset: "devLaptop" } } as const;
  expect(withLoopbackSetting<LoopbackSetting>(told)).toEqual({
    ...told,
    engine: { mtuMaxBytes: 8900 },
  });
});
