import { describe, test } from "@jest/globals";
import type { SharedRegion } from "@proj/wire-types";
import { sharedRegionCases } from "@proj/wire-types/testing";

function region(memory: SharedArrayBuffer, readOnly: SharedRegion["readOnly"]): SharedRegion {
  let bytes: Uint8Array = new Uint8Array(memory);
  return {
    name: "test",
    size: memory.byteLength,
    readOnly,
    get bytes() {
      return bytes;
    },
    unmap() {
      bytes = new Uint8Array(0);
    },
  };
}

describe("shared memory of one process is a SharedRegion that", () => {
  const cases = sharedRegionCases(async () => {
    const memory = new SharedArrayBuffer(4096);
    return { a: region(memory, false), b: region(memory, true), dispose: () => undefined };
  });
  test.each(cases)("$name", ({ run }) => run());
});
