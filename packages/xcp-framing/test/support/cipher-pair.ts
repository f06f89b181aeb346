import { crc32c } from "@proj/wire-types";
import {
  type CryptoProvider,
  deriveSalt,
  type Direction,
  FrameOpener,
  FrameReader,
  FrameSealer,
  Flag,
  type ReceivedFrame,
  type RotationLimits,
} from "@proj/xcp-framing";
import { golden } from "./golden.js";

/** K of the golden vectors: 00, 01, … 1f. */
export const GOLDEN_KEY: Uint8Array = Uint8Array.from({ length: 32 }, (_, i) => i);

/** The salt of the golden vectors. */
export function goldenSalt(crypto: CryptoProvider): Uint8Array {
  return deriveSalt(crypto, {
    initiatorNonce: new Uint8Array(16).fill(0xa1),
    responderNonce: new Uint8Array(16).fill(0xb2),
    helloPayload: golden("pb-hello-crypt"),
    capsPayload: golden("pb-caps-crypt"),
  });
}

/** The two ends of one direction, with the keys of the golden vectors. */
export function cipherPair(
  crypto: CryptoProvider,
  rotation: Partial<RotationLimits> = {},
  direction: Direction = 1,
): { readonly sealer: FrameSealer; readonly opener: FrameOpener } {
  const options = {
    crypto,
    key: GOLDEN_KEY,
    salt: goldenSalt(crypto),
    direction,
    nowUs: 0,
    rotation,
  };
  return { sealer: new FrameSealer(options), opener: new FrameOpener(options) };
}

/** Reads one frame off the wire. */
export function receive(bytes: Uint8Array): ReceivedFrame {
  const reader = new FrameReader({ crc32c, limits: { maxHeaderBytes: 16_384 } });
  reader.setAllowedFlags(Flag.COMP | Flag.CRYPT | Flag.MORE | Flag.ACKREQ | Flag.KPHASE);
  reader.push(bytes);
  const event = reader.next();
  if (event?.kind !== "frame") throw new Error(`no frame but ${event?.kind}`);
  return event;
}
