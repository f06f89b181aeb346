import type { Inbound } from "#src/inbound.js";
import { MsgType } from "#src/wire/constants.js";
import type { ReceivedFrame } from "#src/wire/frame-event.js";
import { RawPeer } from "./raw-peer.js";

/** A body that means nothing. */
export const body: Uint8Array = new Uint8Array([1, 2, 3]);
/** The header of DATA on the initiator's first channel. */
export const data = { msgType: MsgType.DATA, channelId: 1 };
/** No bytes. */
export const nothing: Uint8Array = new Uint8Array(0);

/** A responder whose handshake is done, with the initiator in the test's hands. */
export function responder(options: ConstructorParameters<typeof RawPeer>[1] = {}): RawPeer {
  const peer = new RawPeer("responder", options);
  peer.hello();
  return peer;
}

/** The frames of one type. */
export function ofType(frames: readonly ReceivedFrame[], msgType: number): ReceivedFrame[] {
  return frames.filter((frame) => frame.header.msgType === msgType);
}

/** Sends a message to the session and returns what its application got. */
export function deliver(peer: RawPeer, msgId = 2): Inbound {
  peer.send({ ...data, msgId }, body);
  const inbound = peer.of("messageReceived").at(-1);
  if (inbound === undefined) throw new Error("nothing arrived");
  return inbound;
}
