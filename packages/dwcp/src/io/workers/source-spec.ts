import { closeSync, openSync, readSync } from "node:fs";
import { DwcpError } from "../../errors.js";
import { type ByteSource, memorySource } from "../../hde/byte-source.js";

/** Bytes that every thread can open: shared memory, or a file. */
export type SourceSpec =
  | { readonly kind: "shared"; readonly bytes: Uint8Array<SharedArrayBuffer> }
  | { readonly kind: "file"; readonly path: string; readonly length: number };

/** A source that holds something of the system until it is closed. */
export interface OpenedSource {
  /** Where its bytes are read. */
  readonly source: ByteSource;
  /** Lets go of what is open. */
  close(): void;
}

/** How many bytes there are. */
export function lengthOf(spec: SourceSpec): number {
  return spec.kind === "file" ? spec.length : spec.bytes.length;
}

/** Copies bytes to where all threads see them, unless they are there. */
export function sharedBytes(bytes: Uint8Array): Uint8Array<SharedArrayBuffer> {
  if (bytes.buffer instanceof SharedArrayBuffer) {
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  return shared;
}

/**
 * Opens a source in this thread.
 *
 * Reads of a file that has become shorter throw `dwcp.source_changed`.
 */
export function openSource(spec: SourceSpec): OpenedSource {
  if (spec.kind === "shared") return { source: memorySource(spec.bytes), close: () => {} };
  const file = openSync(spec.path, "r");
  const readInto = (offset: number, into: Uint8Array) => {
    let done = 0;
    while (done < into.length) {
      const count = readSync(file, into, done, into.length - done, offset + done);
      if (count === 0) {
        throw new DwcpError("dwcp.source_changed", `a file ends at ${offset + done}`);
      }
      done += count;
    }
  };
  const read = (offset: number, length: number) => {
    const into = new Uint8Array(length);
    readInto(offset, into);
    return into;
  };
  return { source: { length: spec.length, read, readInto }, close: () => closeSync(file) };
}
