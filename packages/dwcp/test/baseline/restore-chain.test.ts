import { describe, expect, test } from "@jest/globals";
import { contentIdOf, encodeState, memorySource, restoreChain } from "@proj/dwcp";
import { codeOf } from "../support/failure.js";
import { limits, noise, platform, words } from "../support/hde.js";

/** Three states of one object, each stored against the one before. */
function chainOf(): { ids: string[]; states: Uint8Array[]; stored: Map<string, Uint8Array> } {
  const states = [0, 1, 2].map((step) =>
    Buffer.concat([words(30_000, 1), Buffer.from(`step ${step}`), noise(9_000, 2)]),
  );
  const ids = states.map((state) => contentIdOf(memorySource(state), platform));
  const stored = new Map<string, Uint8Array>();
  for (const [at, state] of states.entries()) {
    const before = states[at - 1];
    const baseline =
      before === undefined ? undefined : { id: ids[at - 1] ?? "", source: memorySource(before) };
    const options = { platform, generation: at, level: 3, baseline };
    stored.set(ids[at] ?? "", encodeState(state, options, limits));
  }
  return { ids, states, stored };
}

function restore(id: string | undefined, stored: Map<string, Uint8Array>, links = 10): Uint8Array {
  const states = {
    state: (each: string) => stored.get(each),
    dictionary: () => undefined,
  };
  return restoreChain(id ?? "", states, links, platform, limits);
}

describe("B12: a stored chain", () => {
  test("is restored link by link", () => {
    const { ids, states, stored } = chainOf();
    for (const [at, id] of ids.entries()) {
      expect(Buffer.compare(restore(id, stored), states[at] ?? new Uint8Array(0))).toBe(0);
    }
    expect(stored.get(ids[2] ?? "")?.length).toBeLessThan(400);
  });

  test("is not walked further than the limit", () => {
    const { ids, stored } = chainOf();
    expect(codeOf(() => restore(ids[2], stored, 1))).toBe("dwcp.limit");
    expect(codeOf(() => restore(ids[2], stored, 2))).toBeUndefined();
  });

  test("with a link missing names it", () => {
    const { ids, stored } = chainOf();
    stored.delete(ids[0] ?? "");
    expect(codeOf(() => restore(ids[2], stored))).toBe("dwcp.baseline_missing");
  });

  test("with a link exchanged is refused", () => {
    const { ids, stored } = chainOf();
    const other = encodeState(words(30_000, 9), { platform, generation: 0, level: 3 }, limits);
    stored.set(ids[0] ?? "", other);
    expect(codeOf(() => restore(ids[2], stored))).toBe("dwcp.integrity");
  });

  test("that leads back to itself ends", () => {
    const { ids, stored } = chainOf();
    stored.set(ids[0] ?? "", stored.get(ids[1] ?? "") ?? new Uint8Array(0));
    expect(codeOf(() => restore(ids[2], stored))).toBe("dwcp.limit");
  });
});
