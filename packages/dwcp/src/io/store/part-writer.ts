import { fstatSync, ftruncateSync, writev } from "node:fs";
import { IntervalSet } from "@proj/wire-types";
import { DwcpError } from "../../errors.js";

/** What one call of the system takes, in pieces and bytes: enough to be worth the way to another thread. */
const MOST_PIECES = 64;
const MOST_BYTES = 8_388_608;

interface Piece {
  readonly offset: number;
  readonly bytes: Uint8Array;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * Writes pieces of a file in threads of the system, one call at a time: two would wait for each other inside the kernel. What
 * comes meanwhile and lies in a row goes with one call. Zeros are left out where nothing was written: the file has a hole there.
 */
export class PartWriter {
  readonly #fd: number;
  /** Where bytes lie that may not be zeros. */
  readonly #written = new IntervalSet();
  /** How long the file is once everything under way is written. */
  #length: number;
  #waiting: Piece[] = [];
  #isWriting = false;
  #idle: (() => void)[] = [];

  /** `fd` stays its owner's, who closes it once nothing {@link settled} is under way. */
  constructor(fd: number) {
    this.#fd = fd;
    this.#length = fstatSync(fd).size;
    if (this.#length > 0) this.#written.add(0, this.#length);
  }

  /**
   * Writes `bytes`, which stay as they are until then.
   *
   * @throws DwcpError `dwcp.no_space`; and what else the file system says.
   */
  async write(offset: number, bytes: Uint8Array): Promise<void> {
    const end = offset + bytes.length;
    if (this.#written.firstHeld(offset) >= end && areZeros(bytes)) {
      // Nothing that is under way lies behind a longer file's end.
      if (end > this.#length) ftruncateSync(this.#fd, end);
      this.#length = Math.max(this.#length, end);
      return;
    }
    this.#written.add(offset, end);
    this.#length = Math.max(this.#length, end);
    await new Promise<void>((resolve, reject) => {
      this.#waiting.push({ offset, bytes, resolve, reject });
      if (!this.#isWriting) this.#next();
    });
  }

  /** Waits until nothing is under way. */
  settled(): Promise<void> {
    if (!this.#isWriting) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #next(): void {
    const pieces = this.#takeRow();
    const [first] = pieces;
    this.#isWriting = first !== undefined;
    if (first === undefined) {
      for (const resolve of this.#idle.splice(0)) resolve();
      return;
    }
    this.#put(
      pieces.map(({ bytes }) => bytes),
      first.offset,
      (failure) => {
        for (const { resolve, reject } of pieces) {
          if (failure === undefined) resolve();
          else reject(failure);
        }
        this.#next();
      },
    );
  }

  #put(
    buffers: readonly Uint8Array[],
    offset: number,
    done: (failure: Error | undefined) => void,
  ): void {
    if (buffers.length === 0) {
      done(undefined);
      return;
    }
    writev(this.#fd, buffers, offset, (cause, written) => {
      if (cause !== null) done(failureOf(cause));
      else this.#put(restOf(buffers, written), offset + written, done);
    });
  }

  // The lowest piece that waits, and those that follow it without a gap.
  #takeRow(): Piece[] {
    const sorted = this.#waiting.toSorted((a, b) => a.offset - b.offset);
    let end = sorted[0]?.offset;
    let count = 0;
    let bytes = 0;
    for (const piece of sorted) {
      if (piece.offset !== end || count === MOST_PIECES || bytes >= MOST_BYTES) break;
      end += piece.bytes.length;
      bytes += piece.bytes.length;
      count += 1;
    }
    this.#waiting = sorted.slice(count);
    return sorted.slice(0, count);
  }
}

// Bytes are all the same when each is the same as the one before it.
function areZeros(bytes: Uint8Array): boolean {
  return bytes[0] === 0 && Buffer.compare(bytes.subarray(1), bytes.subarray(0, -1)) === 0;
}

// A call may write less than it was given.
function restOf(buffers: readonly Uint8Array[], written: number): Uint8Array[] {
  const rest: Uint8Array[] = [];
  let left = written;
  for (const bytes of buffers) {
    if (left < bytes.length) rest.push(bytes.subarray(left));
    left = Math.max(0, left - bytes.length);
  }
  return rest;
}

function failureOf(cause: NodeJS.ErrnoException): Error {
  if (cause.code !== "ENOSPC") return cause;
  return new DwcpError("dwcp.no_space", "the disk is full", { cause });
}
