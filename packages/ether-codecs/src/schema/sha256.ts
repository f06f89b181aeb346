import { sha256 } from "@noble/hashes/sha2.js";

/** Computes the 32 bytes of a SHA-256. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array;

/** SHA-256 in plain JavaScript, for wherever the platform has none that answers at once. */
export const sha256Portable: Sha256 = (bytes) => sha256(bytes);
