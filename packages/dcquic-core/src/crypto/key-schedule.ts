import { ByteWriter, concatBytes, encodeUtf8 } from "@proj/wire-types";
import type { CryptoBackend } from "./backend.js";

/** Length of a path secret. spec/dcquic.md §7.2 */
export const PATH_SECRET_BYTES = 32;

/** Which way packets travel: 0 from the dialer to the listener, 1 back. */
export type Direction = 0 | 1;

/** The AEADs a path may use. §7.3 */
export type AeadName = "aes-256-gcm" | "aes-128-gcm";

/** Key and IV of one sending worker, direction and key id. */
export interface ControlKeyMaterial {
  /** 32 bytes, or 16 for AES-128. */
  readonly key: Uint8Array;
  /** 12 bytes. */
  readonly iv: Uint8Array;
}

const HASH_BYTES = 32;
const IV_BYTES = 12;
const CID_LABEL = encodeUtf8("dcq2 cid");
const CONTROL_LABEL = encodeUtf8("dcq2 ctl");
const SECRET_LABEL = encodeUtf8("dcq2 sec");
const SIMULATED_LABEL = encodeUtf8("dcq2 sim");

/** Expands a pseudo-random key (RFC 5869, without the extract step). @throws RangeError above 255 blocks. */
function hkdfExpand(
  crypto: CryptoBackend,
  prk: Uint8Array,
  info: Uint8Array,
  length: number,
): Uint8Array {
  if (length > 255 * HASH_BYTES) throw new RangeError(`${length} bytes of key material`);
  const out = new Uint8Array(length);
  let previous: Uint8Array = new Uint8Array(0);
  for (let block = 1, at = 0; at < length; block++, at += HASH_BYTES) {
    previous = crypto.hmacSha256(prk, [previous, info, Uint8Array.of(block)]);
    out.set(previous.subarray(0, Math.min(HASH_BYTES, length - at)), at);
  }
  return out;
}

/** Derives the 16 bytes that name a path secret. §7.3 */
export function deriveCredentialId(crypto: CryptoBackend, pathSecret: Uint8Array): Uint8Array {
  return hkdfExpand(crypto, checked(pathSecret), CID_LABEL, 16);
}

/** Derives what protects the packets of one worker in one direction under one key id. §7.3 */
export function deriveControlKey(
  crypto: CryptoBackend,
  pathSecret: Uint8Array,
  aead: AeadName,
  direction: Direction,
  worker: number,
  keyId: number,
): ControlKeyMaterial {
  const info = new ByteWriter(16).bytes(CONTROL_LABEL).u8(direction).u8(worker).u32(keyId).view();
  const keyBytes = aead === "aes-256-gcm" ? 32 : 16;
  const okm = hkdfExpand(crypto, checked(pathSecret), info, keyBytes + IV_BYTES);
  return { key: okm.subarray(0, keyBytes), iv: okm.subarray(keyBytes) };
}

/** Derives the MAC key of secret-control packets. §7.3 */
export function deriveSecretControlKey(
  crypto: CryptoBackend,
  pathSecret: Uint8Array,
  direction: Direction,
): Uint8Array {
  const info = concatBytes([SECRET_LABEL, Uint8Array.of(direction)]);
  return hkdfExpand(crypto, checked(pathSecret), info, 32);
}

/** Derives the path secret of a simulated handshake, bound to both instance epochs. §7.2 */
export function deriveSimulatedSecret(
  crypto: CryptoBackend,
  secret: Uint8Array,
  dialerEpoch: Uint8Array,
  listenerEpoch: Uint8Array,
): Uint8Array {
  const info = concatBytes([SIMULATED_LABEL, dialerEpoch, listenerEpoch]);
  return hkdfExpand(crypto, checked(secret), info, PATH_SECRET_BYTES);
}

/** Writes the nonce of a packet into `into`: the IV with the number XORed into bytes 4–11. §7.3 */
export function controlNonce(into: Uint8Array, iv: Uint8Array, packetNumber: number): void {
  const low = packetNumber >>> 0;
  const high = Math.floor(packetNumber / 2 ** 32);
  for (let i = 0; i < IV_BYTES; i++) {
    const word = i < 8 ? low : high;
    const byte = i < 4 ? 0 : (word >>> (8 * (i & 3))) & 0xff;
    into[i] = (iv[i] ?? 0) ^ byte;
  }
}

function checked(pathSecret: Uint8Array): Uint8Array {
  if (pathSecret.length !== PATH_SECRET_BYTES) {
    throw new RangeError(`a path secret of ${pathSecret.length} bytes`);
  }
  return pathSecret;
}
