import type { Id64 } from "../wire/id64.js";

/** What a buffer is in. spec/dcquic.md §8.3 */
export type BufferState = "allocated" | "writing" | "filled" | "released";

/** How the bytes of a filled buffer are protected. §8.1 */
export interface Sealing {
  /** One of {@link Protection}. */
  readonly protection: number;
  /** log2 of the record size, or 0. */
  readonly recordLog2: number;
  /** Plain bytes. */
  readonly totalBytes: number;
  /** 16 bytes that bind the records together; zeros without records. */
  readonly binding: Uint8Array;
  /** The data key, where records are encrypted under one. */
  readonly dataKey: Uint8Array | undefined;
  /** The message's number under the data key. */
  readonly messageNumber: number;
}

/** One buffer of the registry. Its methods are called through {@link BufferRegistry}. */
export interface RegisteredBuffer {
  /** Its id: generation and slot. */
  readonly id: Id64;
  /** Where it is in its life. */
  readonly state: BufferState;
  /** Wire bytes it holds. */
  readonly bytes: number;
  /** Attached transfers, and 1 for the application's handle. */
  readonly references: number;
  /** Transfers that were attached so far. */
  readonly recipients: number;
  /** How its bytes are protected, once it is filled. */
  readonly sealing: Sealing | undefined;
}

/** A filled buffer as another thread may see it: all of it can be posted, and the bytes stay where they are. §8.3, D-32 */
export interface SharedBuffer {
  /** Wire bytes it holds. */
  readonly bytes: number;
  /** Its memory in order; all but the last region are full. */
  readonly regions: readonly Uint8Array[];
  /** How its bytes are protected. */
  readonly sealing: Sealing;
}
