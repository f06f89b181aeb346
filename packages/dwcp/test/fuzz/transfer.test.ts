// Objects that change in any way, sent one after the other between two nodes. The stored file is the judge.
import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { join } from "node:path";
import type { DwcpNode } from "@proj/dwcp/node";
import fc from "fast-check";
import { fuzzRuns } from "../../../../tools/jest/fuzz-runs.js";
import { noise, words } from "../support/hde.js";
import { addressOf, storedIn, TwoNodes } from "../support/two-nodes.js";

jest.setTimeout(3_600_000);

const place = fc.double({ min: 0, max: 1, noNaN: true });
const edit = fc.oneof(
  fc.record({ kind: fc.constant("noise"), at: place, length: fc.nat(20_000), seed: fc.nat(9) }),
  fc.record({ kind: fc.constant("words"), at: place, length: fc.nat(50_000), seed: fc.nat(9) }),
  fc.record({ kind: fc.constant("zeros"), at: place, length: fc.nat(300_000), seed: fc.nat(1) }),
  fc.record({ kind: fc.constant("insert"), at: place, length: fc.nat(5_000), seed: fc.nat(9) }),
  fc.record({ kind: fc.constant("remove"), at: place, length: fc.nat(90_000), seed: fc.nat(1) }),
  fc.record({ kind: fc.constant("move"), at: place, length: fc.nat(60_000), seed: fc.nat(99) }),
);
type Edit = typeof edit extends fc.Arbitrary<infer T> ? T : never;

function edited(old: Buffer, { kind, at, length, seed }: Edit): Buffer {
  const start = Math.floor(at * old.length);
  const piece = old.subarray(start, start + length);
  const [before, after] = [old.subarray(0, start), old.subarray(start + piece.length)];
  switch (kind) {
    case "noise":
      return Buffer.concat([before, noise(length, seed), after]);
    case "words":
      return Buffer.concat([before, words(length, seed), after]);
    case "zeros":
      return Buffer.concat([before, Buffer.alloc(length), after]);
    case "insert":
      return Buffer.concat([before, words(length, seed), old.subarray(start)]);
    case "move":
      return Buffer.concat([after, piece, before]);
    default:
      return Buffer.concat([before, after]);
  }
}

let world: TwoNodes;
let receiver: DwcpNode;
let sender: DwcpNode;
let objects = 0;

beforeAll(async () => {
  world = new TwoNodes();
  receiver = await world.receiving();
  sender = await world.start({
    nodeId: "sender",
    baselines: { folder: join(world.folder, "kept") },
  });
});
afterAll(() => world.close());

test("any chain of states arrives, each against the one before", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(edit, { maxLength: 4 }), { maxLength: 4 }),
      async (chain) => {
        const key = `object ${objects++}`;
        let state: Buffer = Buffer.concat([words(150_000, 1), noise(150_000, 2)]);
        for (const [generation, edits] of [[], ...chain].entries()) {
          for (const each of edits) state = edited(state, each);
          await sender.send(addressOf(receiver), { key, generation, from: state });
          expect(storedIn(receiver, key).equals(state)).toBe(true);
        }
      },
    ),
    // Each is a conversation over sockets with synced files.
    { numRuns: Math.max(4, Math.ceil(fuzzRuns(4).numRuns / 500)) },
  );
});

test("any stream arrives, whatever pieces it comes in", async () => {
  const piece = fc.record({ length: fc.nat(200_000), isNoise: fc.boolean(), seed: fc.nat(5) });
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => {
      const parts = pieces.map(({ length, isNoise, seed }) =>
        isNoise ? noise(length, seed) : words(length, seed),
      );
      async function* stream(): AsyncGenerator<Uint8Array> {
        for (const part of parts) yield await Promise.resolve(part);
      }
      const key = `object ${objects++}`;
      const whole = Buffer.concat(parts);
      const sent = await sender.send(addressOf(receiver), { key, from: stream() });
      expect(sent.rawBytes).toBe(whole.length);
      expect(storedIn(receiver, key).equals(whole)).toBe(true);
    }),
    { numRuns: Math.max(4, Math.ceil(fuzzRuns(4).numRuns / 500)) },
  );
});
