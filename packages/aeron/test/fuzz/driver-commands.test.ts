import { expect, test } from "@jest/globals";
import { type Client, OfferResult } from "@proj/aeron";
import { ToDriverRing } from "#src/cnc/to-driver-ring.js";
import fc from "fast-check";
import { fuzzRuns } from "../../../../tools/jest/fuzz-runs.js";
import { World } from "../support/world.js";

const record = fc.record({
  type: fc.oneof(fc.integer({ min: 1, max: 0x14 }), fc.integer({ min: 1, max: 0xffff })),
  body: fc.uint8Array({ maxLength: 80 }),
});

test("no command makes the driver fail or harms another client", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(record, { maxLength: 60 }), async (records) => {
      const world = new World();
      const client = world.client();
      const subscription = await world.done(client.addSubscription("aeron:ipc", 1));
      const publication = await world.done(client.addPublication("aeron:ipc", 1));
      const ring = new ToDriverRing(world.cnc.toDriver);
      for (const { type, body } of records) {
        ring.write(type, forAnother(client, body));
        world.driver.turn(world.nowMs);
        client.tick(world.nowMs);
      }
      world.pass(3_000);
      expect(client.isClosed).toBe(false);
      const offered = publication.offer(new Uint8Array(8));
      expect([OfferResult.adminAction as number, offered].includes(offered)).toBe(true);
      let seen = 0;
      subscription.poll(() => seen++, 10);
      expect(seen).toBe(1);
    }),
    fuzzRuns(60),
  );
});

// Whoever may write the ring may speak for every client: what is tested is nonsense, not impersonation.
function forAnother(client: Client, body: Uint8Array): Uint8Array {
  const copy = body.slice();
  if (copy.length >= 8) new DataView(copy.buffer).setBigInt64(0, client.clientId + 1_000n, true);
  return copy;
}
