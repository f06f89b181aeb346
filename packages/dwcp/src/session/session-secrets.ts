import { concatBytes, encodeUtf8 } from "@proj/wire-types";
import type { Digests } from "./digests.js";

const CLIENT_PROOF = encodeUtf8("dwcp/1 client proof");
const SERVER_PROOF = encodeUtf8("dwcp/1 server proof");
const SESSION_KEY = encodeUtf8("dwcp/1 session key");
const ATTACH = encodeUtf8("dwcp/1 attach");
const KEY_BYTES = 32;
const INDEX_BYTES = 2;

/** Bytes of the nonce of an ATTACH. spec/dwcp.md B3 */
export const NONCE_BYTES = 16;

/** Which side proves that it knows the pre-shared key. */
export type ProvingSide = "client" | "server";

/**
 * Computes a side's proof of the pre-shared key: HMAC(psk, label ‖ SHA-256 of all handshake bytes so far).
 *
 * @see spec/dwcp.md B3
 */
export function pskProof(
  digests: Digests,
  psk: Uint8Array,
  side: ProvingSide,
  handshake: readonly Uint8Array[],
): Uint8Array {
  const label = side === "client" ? CLIENT_PROOF : SERVER_PROOF;
  return digests.hmacSha256(psk, label, digests.sha256(...handshake));
}

/**
 * Derives the key that further streams of a session attach with.
 *
 * @param secret The pre-shared key, or what TLS exports; empty where the session is not authenticated.
 * @see spec/dwcp.md B3
 */
export function sessionKey(
  digests: Digests,
  secret: Uint8Array,
  clientRandom: Uint8Array,
  serverRandom: Uint8Array,
): Uint8Array {
  return digests.hkdfSha256(
    secret,
    concatBytes([clientRandom, serverRandom]),
    SESSION_KEY,
    KEY_BYTES,
  );
}

/** Computes the token that one ATTACH carries. spec/dwcp.md B3 */
export function attachToken(
  digests: Digests,
  key: Uint8Array,
  session: { readonly id: Uint8Array; readonly epoch: Uint8Array },
  streamIndex: number,
  nonce: Uint8Array,
): Uint8Array {
  const index = new Uint8Array(INDEX_BYTES);
  new DataView(index.buffer).setUint16(0, streamIndex);
  return digests.hmacSha256(key, ATTACH, session.id, session.epoch, index, nonce);
}
