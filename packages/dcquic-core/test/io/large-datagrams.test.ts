import { expect, test } from "@jest/globals";
import { type DatagramSetting, withLargeDatagrams } from "#src/io/pool/large-datagrams.js";

test("§14: pools of the loopback interface probe for datagrams of 8900 bytes, others for none", () => {
  for (const host of ["127.0.0.1", "127.1.2.3", "::1"]) {
    expect(withLargeDatagrams<DatagramSetting>({ host }).engine).toEqual({ mtuMaxBytes: 8900 });
  }
  for (const host of ["10.0.0.1", "0.0.0.0", "::", "fe80::1"]) {
    expect(withLargeDatagrams({ host })).toEqual({ host });
  }
});

test("§14: what was chosen stays, and everything else that was told", () => {
  const told = { host: "127.0.0.1", engine: { mtuBytes: 1300, mtuMaxBytes: 1400 }, port: 7 };
  expect(withLargeDatagrams(told)).toBe(told);
  const rest = withLargeDatagrams({ host: "127.0.0.1", engine: { mtuBytes: 1300 }, port: 7 });
  expect(rest).toEqual({ ...told, engine: { mtuBytes: 1300, mtuMaxBytes: 8900 } });
});
