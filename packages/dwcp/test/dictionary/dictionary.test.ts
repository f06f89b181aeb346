import { describe, expect, test } from "@jest/globals";
import {
  decodeState,
  DictionaryBook,
  encodeState,
  MAX_SAMPLE_BYTES,
  SampleReservoir,
  trainDictionary,
} from "@proj/dwcp";
import { SeededRandom } from "@proj/wire-types";
import { codeOf } from "../support/failure.js";
import { limits, noise, platform } from "../support/hde.js";

/** Rows as a service logs them: the same words around different values. */
function rows(count: number, seed: number): Uint8Array[] {
  const values = noise(count * 8, seed);
  return Array.from({ length: count }, (_, at) => {
    const number = (values[at * 8] ?? 0) * 256 + (values[at * 8 + 1] ?? 0);
    const state = ["running", "paused", "migrating", "stopped"][number & 3];
    const row = {
      timestamp: `2025-03-0${(number % 9) + 1}T12:${String(number % 60).padStart(2, "0")}:00Z`,
      instance: `vm-${number.toString(16)}`,
      state,
      resources: { cpuMillis: number * 3, memoryBytes: number * 4096, diskBytes: number * 512 },
      labels: { region: "north", tier: (number & 4) === 0 ? "gold" : "silver" },
      message: `instance changed its state to ${state} after ${number} ms`,
    };
    return Buffer.from(JSON.stringify(row));
  });
}

function trained(): { id: string; bytes: Uint8Array; heldOutGain: number } {
  const result = trainDictionary(rows(800, 1), 16_384, platform);
  if (result.kind !== "trained") throw new Error(result.reason);
  return result.dictionary;
}

describe("B11: training", () => {
  test("makes small rows much smaller, also those it never saw", () => {
    const dictionary = trained();
    expect(dictionary.heldOutGain).toBeGreaterThan(0.4);
    expect(dictionary.bytes.length).toBeLessThanOrEqual(16_384);
    const fresh = rows(100, 2);
    const sizes = (with_?: typeof dictionary) =>
      fresh.reduce((sum, row) => {
        const options = { platform, generation: 0, level: 3, dictionary: with_ };
        return sum + encodeState(row, options, limits).length - 118;
      }, 0);
    expect(sizes(dictionary)).toBeLessThan(0.6 * sizes());
  });

  test("refuses what does not help the held-out samples, and too few samples", () => {
    const random = Array.from({ length: 100 }, (_, at) => noise(500, at));
    expect(trainDictionary(random, 16_384, platform)).toMatchObject({ kind: "rejected" });
    expect(trainDictionary(rows(9, 1), 16_384, platform)).toMatchObject({ kind: "rejected" });
  });

  test("a state names its dictionary, and is decoded with that one only", () => {
    const dictionary = trained();
    const row = rows(1, 3)[0] ?? new Uint8Array(0);
    const encoded = encodeState(row, { platform, generation: 1, level: 3, dictionary }, limits);
    const has = { baseline: () => undefined, dictionary: () => dictionary.bytes };
    expect(Buffer.compare(decodeState(encoded, has, platform, limits), row)).toBe(0);
    const hasNone = { baseline: () => undefined, dictionary: () => undefined };
    expect(codeOf(() => decodeState(encoded, hasNone, platform, limits))).toBe("dwcp.dict_missing");
    const wrong = { ...hasNone, dictionary: () => noise(16_384, 4) };
    expect(codeOf(() => decodeState(encoded, wrong, platform, limits))).toMatch(
      /^dwcp[.](integrity|decode)$/,
    );
  });
});

describe("B11: the reservoir", () => {
  test("keeps a fair choice within its size", () => {
    const reservoir = new SampleReservoir(new SeededRandom(5), 100);
    for (let at = 0; at < 10_000; at++) reservoir.offer(Uint8Array.of(at & 255, at >> 8));
    expect(reservoir.samples.length).toBe(100);
    const late = reservoir.samples.filter((sample) => (sample[1] ?? 0) >= 20).length;
    expect(late).toBeGreaterThan(25);
    expect(late).toBeLessThan(75);
  });

  test("keeps the start of a long sample, as a copy", () => {
    const reservoir = new SampleReservoir(new SeededRandom(6), 1);
    const sample = new Uint8Array(MAX_SAMPLE_BYTES + 5);
    reservoir.offer(sample);
    sample.fill(1);
    expect(reservoir.samples[0]?.length).toBe(MAX_SAMPLE_BYTES);
    expect(reservoir.samples[0]?.[0]).toBe(0);
  });
});

describe("B11: distribution", () => {
  const dictionary = trained();

  /** Runs one offer from `sender` to `receiver` to its end. */
  function distribute(sender: DictionaryBook, receiver: DictionaryBook): void {
    for (const offer of sender.offersFor("receiver")) {
      const answer = receiver.onOffer(offer);
      for (const part of sender.onState("receiver", answer)) {
        const done = receiver.onData(part);
        if (done !== undefined) sender.onState("receiver", done);
      }
    }
  }

  test("a dictionary is used only after the peer said that it has it", () => {
    const sender = new DictionaryBook(platform);
    const receiver = new DictionaryBook(platform);
    sender.add("log", dictionary);
    expect(sender.usableFor("receiver", "log")).toBeUndefined();
    distribute(sender, receiver);
    expect(sender.usableFor("receiver", "log")?.id).toBe(dictionary.id);
    expect(Buffer.from(receiver.get(dictionary.id) ?? [])).toEqual(Buffer.from(dictionary.bytes));
    expect(sender.offersFor("receiver")).toEqual([]);
    expect(sender.usableFor("another", "log")).toBeUndefined();
    sender.forgetPeer("receiver");
    expect(sender.usableFor("receiver", "log")).toBeUndefined();
  });

  test("two of a class are current; a retired one stays while it is used", () => {
    const book = new DictionaryBook(platform);
    const others = ["a", "b"].map((id) => ({ id: id.repeat(64), bytes: noise(10, 1) }));
    book.add("log", dictionary);
    const release = book.use(dictionary.id);
    for (const other of others) book.add("log", other);
    expect(book.get(dictionary.id)).toBeDefined();
    expect(book.offersFor("x").map(({ id }) => id)).toEqual(others.map(({ id }) => id));
    release?.();
    release?.();
    expect(book.get(dictionary.id)).toBeUndefined();
  });

  test("what was not asked for, is out of order or is something else is refused", () => {
    const sender = new DictionaryBook(platform);
    sender.add("log", dictionary);
    const [offer] = sender.offersFor("r");
    if (offer === undefined) throw new Error("no offer");
    const receiver = new DictionaryBook(platform);
    const part = { kind: "DICT_DATA", id: offer.id, offset: 0, data: "AAEC" } as const;
    expect(codeOf(() => receiver.onData(part))).toBe("dwcp.protocol");
    receiver.onOffer({ ...offer, length: 3 });
    expect(codeOf(() => receiver.onData({ ...part, offset: 1 }))).toBe("dwcp.protocol");
    expect(codeOf(() => receiver.onData({ ...part, data: "AAECAwQ=" }))).toBe("dwcp.protocol");
    expect(codeOf(() => receiver.onData(part))).toBe("dwcp.integrity");
    expect(receiver.get(offer.id)).toBeUndefined();
  });

  test("of many offers only the last ones keep their room", () => {
    const receiver = new DictionaryBook(platform);
    const ids = Array.from({ length: 40 }, (_, at) => at.toString(16).padStart(64, "0"));
    for (const id of ids) {
      receiver.onOffer({ kind: "DICT_OFFER", id, resourceClass: "x", length: 9 });
    }
    const part = (at: number) =>
      codeOf(() =>
        receiver.onData({ kind: "DICT_DATA", id: ids[at] ?? "", offset: 0, data: "AAEC" }),
      );
    expect([part(23), part(24), part(39)]).toEqual(["dwcp.protocol", undefined, undefined]);
  });
});
