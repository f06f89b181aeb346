import { expect, test } from "@jest/globals";
import type { ZstdEngine } from "@proj/dwcp";
import { nativeEngine, selfTest, zlibEngine } from "@proj/dwcp/node";
import { backend } from "@proj/native-io";
import { describeWith } from "@proj/peers";
import { heapImages } from "../support/heap-image.js";
import { decodeAll, encodeAgainst, platform, wireBytes } from "../support/hde.js";

const { before, after } = heapImages();
const native = backend.zstd && nativeEngine(backend.zstd);
const own = zlibEngine();
const usable = own !== undefined && selfTest(own) === undefined ? own : undefined;

/** The same engine, which searches as the level says and in no other way. */
function asLevelsSay(engine: ZstdEngine): ZstdEngine {
  return {
    name: engine.name,
    compress: (source, settings) => engine.compress(source, { ...settings, search: undefined }),
    decompressInto: (frame, into, prefix) => engine.decompressInto(frame, into, prefix),
  };
}

for (const [name, engine] of [["native", native] as const, ["node:zlib", usable] as const]) {
  const peer =
    engine === undefined
      ? { name, lack: "this engine does not run here" }
      : { name, found: engine };
  describeWith(`memory of which most changed, by ${name}`, peer, (zstd) => {
    const bytesBy = (chosen: ZstdEngine, level: number): number => {
      const units = encodeAgainst(after, before, {
        level,
        platform: { ...platform, zstd: chosen },
      });
      expect(Buffer.compare(decodeAll(units, before), after)).toBe(0);
      return wireBytes(units);
    };

    test.each([
      [3, 0.98],
      [5, 0.97],
      [7, 0.97],
    ])("B11: takes less than what level %d by itself makes of it: %d times", (level, most) => {
      expect(bytesBy(zstd, level) / bytesBy(asLevelsSay(zstd), level)).toBeLessThan(most);
    });

    test("B11: is not searched deeply where levels are fast, and takes no more there", () => {
      const searches = new Set<string>();
      const watched: ZstdEngine = {
        ...zstd,
        compress: (source, settings) => {
          searches.add(settings.search ?? "level");
          return zstd.compress(source, settings);
        },
      };
      expect(bytesBy(watched, 1)).toBeLessThanOrEqual(bytesBy(asLevelsSay(zstd), 1));
      expect(searches).not.toContain("deep");
    });
  });
}
