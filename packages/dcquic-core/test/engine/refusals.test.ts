import { expect, test } from "@jest/globals";
import { type AnnounceResult, id64, nullCrypto, Status } from "@proj/dcquic-core";
import { World } from "@proj/dcquic-core/sim";

const SECOND = 1_000_000;
const SILENT_FROM_US = 100_000;
const PATIENCE_US = 60 * SECOND;

/** Two hosts of which the second accepts everything and falls silent after a tenth of a second. */
function silentWorld() {
  const world: World = new World({
    seed: 3,
    hosts: 2,
    crypto: nullCrypto,
    faults: {
      partitions: [
        { from: 0, to: 1, fromUs: SILENT_FROM_US, untilUs: 100 * SECOND },
        { from: 1, to: 0, fromUs: SILENT_FROM_US, untilUs: 100 * SECOND },
      ],
    },
    onEvent: ({ index }, event) => {
      const host = world.host(index);
      if (event.kind === "transferOffered") host.engine.accept(host.nowUs, event.transfer);
      if (event.kind === "transferDelivered") host.engine.consume(event.transfer);
    },
  });
  const path = world.connect(0, 1);
  const host = world.host(0);
  const announce = (messageSeq: number, streamId?: ReturnType<typeof id64>): AnnounceResult => {
    const result = host.engine.announce(host.nowUs, path, {
      shape: 0x30,
      priority: 3,
      messageSeq,
      payload: new Uint8Array(2000),
      ...(streamId === undefined ? {} : { streamId }),
    });
    host.pump();
    return result;
  };
  const runTo = (state: string): void => {
    const untilUs = world.nowUs + PATIENCE_US;
    while (host.engine.peerState(path) !== state) {
      expect(world.nowUs).toBeLessThan(untilUs);
      world.run(world.nowUs + 10_000);
    }
  };
  return { world, host, path, announce, runTo };
}

test("§14: while a peer is probed, new streams are refused and messages of existing ones are not", () => {
  const { world, announce, runTo } = silentWorld();
  const opening = announce(0);
  if (opening.kind !== "announced") throw new Error(opening.kind);
  world.run(SILENT_FROM_US);
  const stream = id64(opening.transfer.hi, opening.transfer.lo);
  // Something must want an answer, or silence says nothing.
  expect(announce(1, stream).kind).toBe("announced");
  runTo("probing");
  expect(announce(0)).toEqual({ kind: "refused", status: Status.PeerProbing });
  expect(announce(2, stream).kind).toBe("announced");
  runTo("failed");
  expect(announce(0)).toEqual({ kind: "refused", status: Status.PeerFailed });
  expect(announce(3, stream)).toEqual({ kind: "refused", status: Status.PeerFailed });
});

test("§15: on a path that is gone everything is refused with what it died of", () => {
  const { world, host, path, announce } = silentWorld();
  const opening = announce(0);
  if (opening.kind !== "announced") throw new Error(opening.kind);
  world.run(SILENT_FROM_US / 2);
  host.engine.failPath(path, Status.LocalResource);
  const refused = { kind: "refused", status: Status.LocalResource };
  expect(announce(0)).toEqual(refused);
  expect(announce(1, id64(opening.transfer.hi, opening.transfer.lo))).toEqual(refused);
});
