import type { RegisteredBuffer, Sealing } from "../buffer/registered-buffer.js";
import type { PathId } from "../engine/events.js";
import type { PortParts } from "../stream/engine-port.js";
import type { Opener } from "../stream/openings.js";
import type { OpenOptions, Stream } from "../stream/stream.js";
import type { Id64 } from "../wire/id64.js";

/** The buffers of a pool: a `BufferRegistry`, or another thread's face of one. */
export interface PoolBuffers {
  /** Bytes in use. */
  readonly usedBytes: number;
  /** Bytes that all buffers may take together. */
  readonly limitBytes: number;
  /** Allocates a buffer with one reference, or returns `undefined`: there is none now, or nobody can tell at once. */
  allocate(bytes: number, priority: number): RegisteredBuffer | undefined;
  /**
   * Allocates as soon as there is room. `refuse` is called where there will be none any more.
   *
   * @returns a function that gives up waiting.
   * @throws RangeError for what never fits.
   */
  allocateLater(
    bytes: number,
    priority: number,
    grant: (buffer: RegisteredBuffer) => void,
    refuse: (error: unknown) => void,
  ): () => void;
  /** The memory of a buffer, in order: threads that have it see the same bytes. */
  memoryOf(buffer: RegisteredBuffer): readonly Uint8Array[];
  /** Writes into a buffer that is not filled yet. */
  write(buffer: RegisteredBuffer, offset: number, bytes: Uint8Array): void;
  /** Lends bytes of a buffer that is not filled yet; `undefined` where they lie in more than one region. */
  lend(buffer: RegisteredBuffer, offset: number, length: number): Uint8Array | undefined;
  /** Ends writing. */
  fill(buffer: RegisteredBuffer, sealing: Sealing): void;
  /** Adds a reference. @throws TypeError unless the buffer is filled. */
  retain(buffer: RegisteredBuffer): void;
  /** Drops a reference. */
  release(buffer: RegisteredBuffer): void;
}

/** What calls need of an engine besides its streams: an `EnginePort`, or another thread's face of one. */
export interface PoolPort extends PortParts {
  /** The time; µs. */
  readonly nowUs: number;
  /** The buffers. */
  readonly buffers: PoolBuffers;
  /** See `EnginePort`. */
  placed(transfer: Id64, bytes: number, spare?: Uint8Array): void;
}

/** What calls need of the streams of one worker: a `StreamLayer`, or another thread's face of one. */
export interface PoolLayer {
  /** How many streams live or wait for their turn. */
  readonly size: number;
  /** How many messages wait. */
  readonly waiting: number;
  /** How many had to wait so far. */
  readonly waited: number;
  /** See `StreamLayer`. */
  open(path: PathId, options: OpenOptions): Stream;
  /** See `StreamLayer`. */
  mayOpen(path: PathId, priority: number, opener: Opener): boolean;
  /** See `StreamLayer`. */
  gaveUp(path: PathId, priority: number): void;
  /** See `StreamLayer`. */
  watchToken(
    token: Id64,
    wait: "request" | "response",
    done: (how: "reached" | "failed") => void,
  ): void;
  /** See `StreamLayer`. */
  closeAll(status: number): void;
}
