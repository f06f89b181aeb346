import { ByteWriter, concatBytes, encodeUtf8 } from "@proj/wire-types";
import type { CryptoProvider } from "./platform.js";
import type { MsgId } from "./wire/header.js";
import { storeU32, storeU64 } from "./wire/little-endian.js";

/** Which way frames travel: 1 from the initiator to the responder, 2 back. spec/xcp.md §12 */
export type Direction = 1 | 2;

/** The keys of one direction during one epoch. */
export interface EpochKeys {
  /** Key of ChaCha20-Poly1305, 32 bytes. */
  readonly aeadKey: Uint8Array;
  /** Key that nonces are derived with, 32 bytes. */
  readonly nonceKey: Uint8Array;
}

/** What binds keys to one session. */
export interface SaltInputs {
  /** The initiator's `session_nonce`, 16 bytes. */
  readonly initiatorNonce: Uint8Array;
  /** The responder's `session_nonce`, 16 bytes. */
  readonly responderNonce: Uint8Array;
  /** Payload of the HELLO that CAPS answered, as on the wire. */
  readonly helloPayload: Uint8Array;
  /** Payload of CAPS, as on the wire. */
  readonly capsPayload: Uint8Array;
}

// Of K, the shared secret.
const KEY_BYTES = 32;

const SESSION_NONCE_BYTES = 16;
/** Label under which a TLS session exports K. */
export const EXPORTER_LABEL = "EXPORTER-xcp-v0.2";

const INFO_LABEL = encodeUtf8("xcp0.2 aead\0");
const NONCE_BYTES = 12;

/**
 * Derives the salt of a session: both nonces and a hash of the handshake, so that whoever changed a byte of it meets
 * other keys.
 *
 * @throws RangeError for nonces that are not 16 bytes.
 * @see spec/xcp.md §12
 */
export function deriveSalt(crypto: CryptoProvider, inputs: SaltInputs): Uint8Array {
  const { initiatorNonce, responderNonce } = inputs;
  checkLength("session_nonce", initiatorNonce, SESSION_NONCE_BYTES);
  checkLength("session_nonce", responderNonce, SESSION_NONCE_BYTES);
  const transcript = crypto.sha256([inputs.helloPayload, inputs.capsPayload]);
  return concatBytes([initiatorNonce, responderNonce, transcript]);
}

/**
 * Derives the keys of one direction and epoch from K.
 *
 * @throws RangeError for a K that is not 32 bytes.
 * @see spec/xcp.md §12
 */
export function deriveKeys(
  crypto: CryptoProvider,
  key: Uint8Array,
  salt: Uint8Array,
  direction: Direction,
  epoch: number,
): EpochKeys {
  checkLength("key", key, KEY_BYTES);
  const info = new ByteWriter(32).bytes(INFO_LABEL).u8(direction).u32(epoch).copy();
  const okm = crypto.hkdfSha256(key, salt, info, 2 * KEY_BYTES);
  return { aeadKey: okm.subarray(0, KEY_BYTES), nonceKey: okm.subarray(KEY_BYTES) };
}

/**
 * Derives the nonce of one chunk, 12 bytes. Index 0 is also that of a message that is not chunked.
 *
 * @see spec/xcp.md §12
 */
export function deriveNonce(
  crypto: CryptoProvider,
  nonceKey: Uint8Array,
  id: { readonly msgId: MsgId; readonly channelId: number },
  chunkIndex: number,
): Uint8Array {
  const input = new Uint8Array(chunkIndex === 0 ? 12 : 16);
  storeU64(input, 0, id.msgId);
  storeU32(input, 8, id.channelId);
  if (chunkIndex !== 0) storeU32(input, 12, chunkIndex);
  return crypto.hmacSha256(nonceKey, [input]).subarray(0, NONCE_BYTES);
}

function checkLength(name: string, bytes: Uint8Array, length: number): void {
  if (bytes.length !== length) throw new RangeError(`${name} of ${bytes.length} bytes`);
}
