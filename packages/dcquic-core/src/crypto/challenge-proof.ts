import { ByteWriter } from "@proj/wire-types";
import type { Id64 } from "../wire/id64.js";
import type { CryptoBackend } from "./backend.js";

const PROOF_BYTES = 16;
const WORD = 2 ** 32;

/**
 * Proves that an announcement is genuine: the first 16 bytes of SHA-256(nonce ‖ id ‖ notifySeq ‖ inline payload).
 *
 * @see spec/dcquic.md §10.3
 */
export function challengeProof(
  crypto: CryptoBackend,
  nonce: Uint8Array,
  announcerId: Id64,
  notifySeq: number,
  inline: Uint8Array,
): Uint8Array {
  const fixed = new ByteWriter(16).u32(announcerId.lo).u32(announcerId.hi);
  fixed.u32(notifySeq % WORD).u32(Math.floor(notifySeq / WORD));
  return crypto.sha256([nonce, fixed.view(), inline]).slice(0, PROOF_BYTES);
}
