import { decodeUtf8, encodeUtf8 } from "@proj/wire-types";
import { z } from "zod";

/** A range of a file that travels as one bulk transfer. */
export interface FileRange {
  /** The file, by its plain name. */
  readonly name: string;
  /** SHA-256 of the whole file, hex: another content under the same name begins anew. */
  readonly sha256: string;
  /** Bytes of the whole file. */
  readonly total: number;
  /** Where the range begins. */
  readonly offset: number;
}

/** What a call to a node is for; it travels as JSON in the announcement of the call. */
export type Purpose =
  /** A stream of XCP frames. */
  | { readonly for: "xcp" }
  /** The control API, Cap'n Web over a stream of bytes. */
  | { readonly for: "control" }
  /** The request comes back as the answer. */
  | { readonly for: "echo" }
  /** Which ranges of a file are there? */
  | { readonly for: "ranges"; readonly file: Omit<FileRange, "offset"> }
  /** A range of a file. */
  | { readonly for: "range"; readonly file: FileRange };

const size = z.int().min(0);
// With what is appended while it is not whole, a name is one that a file system takes.
const MAX_NAME_BYTES = 240;
const MAX_META_BYTES = 1024;
const file = z.strictObject({
  // A plain name: nothing that leads out of the folder.
  name: z
    .string()
    .regex(/^(?!\.{1,2}$)[^/\\\0]+$/)
    .refine((name) => encodeUtf8(name).length <= MAX_NAME_BYTES),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  total: size,
});
const purpose: z.ZodType<Purpose> = z.discriminatedUnion("for", [
  z.strictObject({ for: z.literal("xcp") }),
  z.strictObject({ for: z.literal("control") }),
  z.strictObject({ for: z.literal("echo") }),
  z.strictObject({ for: z.literal("ranges"), file }),
  z.strictObject({ for: z.literal("range"), file: file.extend({ offset: size }) }),
]);

/** Encodes a purpose for the announcement of a call. */
export function encodePurpose(value: Purpose): Uint8Array {
  return encodeUtf8(JSON.stringify(value));
}

/** Whether a node takes a file of this name. */
export function isFileName(name: string): boolean {
  const largest = Number.MAX_SAFE_INTEGER;
  const range = { name, sha256: "0".repeat(64), total: largest, offset: largest };
  const encoded = encodePurpose({ for: "range", file: range });
  return encoded.length <= MAX_META_BYTES && decodePurpose(encoded) !== undefined;
}

/** Decodes it; `undefined` for what no node says. */
export function decodePurpose(meta: Uint8Array): Purpose | undefined {
  try {
    return purpose.safeParse(JSON.parse(decodeUtf8(meta))).data;
  } catch {
    return undefined;
  }
}
