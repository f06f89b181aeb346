import { describe, expect, test } from "@jest/globals";
import { decompressFrame, type ZstdEngine } from "@proj/dwcp";
import { chooseEngine, nativeEngine, selfTest, wasmEngine, zlibEngine } from "@proj/dwcp/node";
import { backend } from "@proj/native-io";
import { codeOf } from "../support/failure.js";
import { limits, noise, words } from "../support/hde.js";

const own = zlibEngine();
const engines: [string, ZstdEngine][] = [
  ["wasm", await wasmEngine()],
  ...(backend.zstd === undefined ? [] : [["native", nativeEngine(backend.zstd)] as const]),
  // Older ones ignore dictionaries, which the self-test finds out.
  ...(own === undefined || selfTest(own) !== undefined ? [] : [["node:zlib", own] as const]),
].map(([name, engine]) => [name, engine] as [string, ZstdEngine]);

const magic = Buffer.concat([Buffer.from([0x37, 0xa4, 0x30, 0xec]), noise(30_000, 3)]);
const contents: [string, Uint8Array][] = [
  ["nothing", new Uint8Array(0)],
  ["a byte", Uint8Array.of(7)],
  ["text", words(300_000, 1)],
  ["noise", noise(70_000, 2)],
  ["what a trained dictionary begins with", magic],
];
const prefixes: [string, Uint8Array | undefined][] = [
  ["no prefix", undefined],
  ["an empty one", new Uint8Array(0)],
  ["seven bytes", noise(7, 9)],
  ["text", words(200_000, 1)],
  ["what a trained dictionary begins with", Uint8Array.from(magic)],
];

describe("B18: frames of one engine are read by all others", () => {
  for (const [from, compressor] of engines) {
    for (const [to, decompressor] of engines) {
      test(`${from} to ${to}`, () => {
        for (const [what, content] of contents) {
          for (const [which, prefix] of prefixes) {
            for (const level of [1, 3, 9]) {
              const frame = compressor.compress(content, { level, prefix });
              const back = decompressFrame(decompressor, frame, content.length, limits, prefix);
              const title = `${what} with ${which}`;
              expect(`${title}: ${Buffer.compare(back, content)}`).toBe(`${title}: 0`);
            }
          }
        }
      });
    }
  }
});

describe.each(engines)("B18: the engine %s", (_, engine) => {
  test("makes frames that all read, however it searches", () => {
    const content = words(300_000, 5);
    const prefix = words(200_000, 6);
    for (const search of ["wide", "single", "deep"] as const) {
      for (const level of [1, 3, 5, 9]) {
        const frame = engine.compress(content, { level, prefix, search });
        for (const [, other] of engines) {
          const back = decompressFrame(other, frame, content.length, limits, prefix);
          expect(Buffer.compare(back, content)).toBe(0);
        }
      }
    }
    const length = (search?: "deep") =>
      engine.compress(content, { level: 3, prefix, search }).length;
    if (engine.canSearchDeep === true) expect(length("deep")).toBeLessThan(length());
    else expect(length("deep")).toBe(length());
  });

  test("passes the self-test, and makes use of a prefix that looks like a dictionary", () => {
    expect(selfTest(engine)).toBeUndefined();
    const frame = engine.compress(magic, { level: 3, prefix: Uint8Array.from(magic) });
    expect(frame.length).toBeLessThan(100);
  });

  test("finds all of a long prefix, at every level", () => {
    const content = noise(500_000, 6);
    for (const level of [1, 2, 3, 4, 5, 6, 7, 8, 9]) {
      const frame = engine.compress(content, { level, prefix: content.slice() });
      expect(frame.length).toBeLessThan(5_000);
      expect(decompressFrame(engine, frame, content.length, limits, content)).toEqual(content);
    }
  });

  test("refuses what is corrupt, too long or too short", () => {
    const content = words(10_000, 4);
    const frame = engine.compress(content, { level: 3 });
    const wrong = [
      frame.subarray(0, frame.length - 3),
      frame.map((byte, at) => (at === frame.length >> 1 ? byte ^ 0xff : byte)),
    ];
    expect(codeOf(() => decompressFrame(engine, frame, 9_999, limits))).toBe("dwcp.decode");
    expect(codeOf(() => decompressFrame(engine, frame, 10_001, limits))).toBe("dwcp.decode");
    const cut = wrong[0] ?? frame;
    expect(codeOf(() => decompressFrame(engine, cut, 10_000, limits))).toBe("dwcp.decode");
    const flipped = wrong[1] ?? frame;
    // Without a checksum some flips give other bytes: the unit's CRC is what refuses those.
    const code = codeOf(() => decompressFrame(engine, flipped, 10_000, limits));
    expect([undefined, "dwcp.decode"]).toContain(code);
  });
});

test("B18: an engine that ignores prefixes is passed over", () => {
  const [, engine] = engines[0] ?? ["", undefined];
  if (engine === undefined) throw new Error("no engine");
  const ignorant: ZstdEngine = {
    name: "ignorant",
    compress: (source, { level }) => engine.compress(source, { level }),
    decompressInto: (frame, into) => engine.decompressInto(frame, into),
  };
  expect(selfTest(ignorant)).toBe("it ignores prefixes");
});

test("B18: the choice says which engine runs and why the better ones do not", async () => {
  const { engine, passedOver } = await chooseEngine();
  expect(selfTest(engine)).toBeUndefined();
  for (const line of passedOver) expect(line).toMatch(/^[a-z:]+.*: ./);
});

test("B18: an engine in WebAssembly works on when others ask for one", async () => {
  const first = await wasmEngine();
  const others = await Promise.all([wasmEngine(), wasmEngine()]);
  for (const engine of [first, ...others]) expect(selfTest(engine)).toBeUndefined();
});
