import type { FileHandle } from "node:fs/promises";
import type { PlacementTarget } from "../../pool/placement.js";

/** What is safe when a transfer is reported complete. */
export type Durability =
  /** Nothing: the system writes when it likes. */
  | "none"
  /** The bytes. */
  | "data"
  /** The bytes and what the file system says of them. */
  | "full";

/**
 * Places a bulk transfer into an open file from `offset` on. The handle stays the caller's.
 *
 * @see spec/dcquic.md §4
 */
export function fileTarget(
  handle: FileHandle,
  offset: number,
  durability: Durability,
): PlacementTarget {
  return {
    isBorrower: true,
    write: async (at, bytes) => {
      for (let done = 0; done < bytes.length;) {
        const left = bytes.length - done;
        const { bytesWritten } = await handle.write(bytes, done, left, offset + at + done);
        done += bytesWritten;
      }
    },
    finish: async () => {
      if (durability === "data") await handle.datasync();
      else if (durability === "full") await handle.sync();
    },
  };
}
