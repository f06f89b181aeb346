import type { ErrorClass } from "./error-value.js";

/**
 * Where a value sits in the value around it, so that it can be replaced once it is known. The
 * outermost value sits in a holder.
 */
export interface Slot {
  readonly parent: object;
  readonly key: string | number;
}

/** What a writer asks for everything that does not cross by value. spec/capnweb.md §6 */
export interface ReferenceWriter {
  /** Writes a stub, an RPC promise, a target or a function. */
  writeReference(value: object): unknown;
  /** Opens a pipe, starts to pump `stream` into it and writes the pipe's expression. */
  writeReadable(stream: ReadableStream): unknown;
  /** Writes the expression of a stream that the peer may write to. */
  writeWritable(stream: WritableStream): unknown;
  /** Writes a blob, whose bytes follow through a pipe. */
  writeBlob(blob: Blob): unknown;
  /** Answers the error to send instead of `error`, if the application wants another one sent. */
  replaceError(error: Error): Error | undefined;
  /** Marks what has been written so far, for {@link ReferenceWriter.takeBack}. */
  mark(): number;
  /** Takes back every export made since `mark`. */
  takeBack(mark: number): void;
}

/** What a reader asks for everything that does not cross by value. spec/capnweb.md §6 */
export interface ReferenceReader {
  /** Whether both ends have agreed that `Map`, `Set` and `RegExp` cross. spec/capnweb.md §5.5 */
  readonly collections?: boolean | undefined;
  /** Classes of the application for received errors, by the name that is sent. */
  readonly errorClasses?: ReadonlyMap<string, ErrorClass> | undefined;
  /**
   * Evaluates `export`, `promise`, `import`, `pipeline`, `remap`, `readable` and `writable`.
   * Answers {@link malformed} for an expression of wrong shape.
   *
   * @param depth the level of nesting of the expression itself
   */
  readReference(expression: readonly unknown[], depth: number, slot: Slot): unknown;
  /** Starts to collect a blob that takes its place in `slot` when it is whole. */
  readBlob(type: string, pipe: readonly unknown[], slot: Slot): unknown;
}

/** The answer to an expression of wrong shape. */
export const malformed: unique symbol = Symbol("malformed");
