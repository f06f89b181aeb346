import { concatBytes, encodeUtf8 } from "@proj/wire-types";
import { TAG_BYTES } from "../wire/constants.js";
import {
  encodeSecretControl,
  type SealedSecretControl,
  type SecretControl,
} from "../wire/secret-control.js";
import type { CryptoBackend } from "./backend.js";

const RESET_LABEL = encodeUtf8("dcq2 ups");

/** A secret-control packet that carries a MAC. */
export type KeyedSecretControl = Exclude<SecretControl, { kind: "unknownPathSecret" }>;

/** Writes a secret-control packet with its tag. spec/dcquic.md §17.6 */
export function sealSecretControl(
  crypto: CryptoBackend,
  key: Uint8Array,
  packet: KeyedSecretControl,
): Uint8Array {
  const covered = encodeSecretControl(packet);
  const tag = crypto.hmacSha256(key, [covered]).subarray(0, TAG_BYTES);
  return concatBytes([covered, tag]);
}

/** Checks the tag with the secret-control key of the *peer's* direction, in constant time. */
export function verifySecretControl(
  crypto: CryptoBackend,
  key: Uint8Array,
  sealed: SealedSecretControl,
): boolean {
  const tag = crypto.hmacSha256(key, [sealed.covered]).subarray(0, TAG_BYTES);
  return crypto.equal(tag, sealed.tag);
}

/**
 * Computes the token of UNKNOWN_PATH_SECRET. Only who holds the signer can make it, even after everything else was
 * forgotten; the peer learns it in HELLO.
 *
 * @see spec/dcquic.md §7.4
 */
export function resetToken(
  crypto: CryptoBackend,
  resetSigner: Uint8Array,
  credentialId: Uint8Array,
): Uint8Array {
  return crypto.hmacSha256(resetSigner, [RESET_LABEL, credentialId]).slice(0, TAG_BYTES);
}
