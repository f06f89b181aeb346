import { expect, test } from "@jest/globals";
import type { Id64 } from "@proj/dcquic-core";
import { FrameType } from "#src/wire/constants.js";
import { pullFrame } from "../support/frames.js";
import { RawPeer } from "../support/raw-peer.js";

// By the first window of a path and the round trip that it begins with this is 20 of those.
const LONG = 300_000;

function announce(peer: RawPeer, bytes: number): Id64 {
  const message = { shape: 0x30, priority: 0, messageSeq: 0, payload: new Uint8Array(bytes) };
  const result = peer.engine.announce(peer.nowUs, peer.path, message);
  if (result.kind !== "announced") throw new Error(result.kind);
  return result.transfer;
}

function holds(peer: RawPeer): number {
  const frames = peer.read(peer.transmit());
  return frames.filter(({ type }) => type === FrameType.PullHold).length;
}

test("§9.8: a pull that waits behind others for longer than a round trip is held, not one that is long itself", () => {
  const peer = new RawPeer();
  const [long, short] = [announce(peer, LONG), announce(peer, 5000)];
  peer.transmit();
  peer.send(pullFrame(long, long, [[0, LONG]]));
  expect(holds(peer)).toBe(0);
  peer.send(pullFrame(short, short, [[0, 5000]]));
  expect(holds(peer)).toBe(1);
});
