import { createHmac, timingSafeEqual } from "node:crypto";
import { DwcpError } from "../../errors.js";

/** What a plain transfer begins with: no DWCP peer takes it for a preface. */
export const PLAIN_MAGIC = "PLAIN/1\n";
/** Random bytes by which a receiver makes every transfer's proof its own. */
export const NONCE_BYTES = 32;
/** Bytes of a proof. */
export const PROOF_BYTES = 32;
/** The longest header. */
export const MAX_HEADER_BYTES = 4_096;

/** What a plain transfer carries. */
export interface PlainHeader {
  readonly key: string;
  readonly generation: number;
  readonly length: number;
  /** 16 bytes, in hexadecimal. */
  readonly transferId: string;
  /** The content id of the bytes: whoever proves the header proves them, too. */
  readonly rootHash: string;
}

/** Proves that a side knows the key; without a key it only guards against accidents. */
export function proofOf(
  side: "sender" | "receiver",
  key: Uint8Array,
  nonce: Uint8Array,
  header: Uint8Array,
): Buffer {
  return createHmac("sha256", key)
    .update(`dwcp plain ${side}\0`)
    .update(nonce)
    .update(header)
    .digest();
}

/** Compares proofs in time that does not depend on them. */
export function isSameProof(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Writes a header. */
export function encodePlainHeader(header: PlainHeader): Buffer {
  return Buffer.from(JSON.stringify(header));
}

/** Reads a header. @throws DwcpError `dwcp.protocol` */
export function decodePlainHeader(bytes: Uint8Array): PlainHeader {
  try {
    const header = JSON.parse(Buffer.from(bytes).toString("utf8")) as Partial<PlainHeader> | null;
    if (header !== null && isHeader(header)) return header;
  } catch {
    // It is told like anything else that is no header.
  }
  throw new DwcpError("dwcp.protocol", "the header of a plain transfer cannot be read");
}

function isHeader(header: Partial<PlainHeader>): header is PlainHeader {
  const { key, generation, length, transferId, rootHash } = header;
  return (
    typeof key === "string" &&
    isCount(generation) &&
    isCount(length) &&
    typeof transferId === "string" &&
    /^[0-9a-f]{32}$/.test(transferId) &&
    typeof rootHash === "string" &&
    /^[0-9a-f]{64}$/.test(rootHash)
  );
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
