import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";

// Below this a copy costs less than one more buffer in a gathered write (measured on Node 20: 2..4 KiB).
const JOIN_BELOW_BYTES = 2_048;
// Up to this a copy of the whole into memory that is warm costs less than a gathered write of its parts.
const GATHER_BYTES = 65_536;
const FIRST_GATHER_BYTES = 16_384;

/**
 * Writes what belongs together as one unit, in as few buffers as pay off. Large parts are not copied.
 *
 * A plain socket hands a small write to the system at once, and then nothing refers to its memory any more: all small
 * writes share one buffer, as long as none is held up.
 */
export class PartWriter {
  readonly #stream: Duplex;
  readonly #writesAtOnce: boolean;
  #gathered: Uint8Array = Buffer.alloc(0);
  #released: ((parts: readonly Uint8Array[]) => void) | undefined;
  // Of writes after which the stream will say that it drained.
  readonly #held: (readonly Uint8Array[])[] = [];

  constructor(stream: Duplex) {
    this.#stream = stream;
    this.#writesAtOnce = stream instanceof Socket && !(stream instanceof TLSSocket);
  }

  /**
   * Tells `released` of parts of which nothing is referred to any more: those that a plain socket has passed on to the system.
   * Of other streams that cannot be known.
   */
  onReleased(released: (parts: readonly Uint8Array[]) => void): void {
    if (this.#writesAtOnce) this.#released = released;
  }

  /** Writes `parts` in their order. */
  write(parts: readonly Uint8Array[]): void {
    this.#write(parts);
    if (this.#released === undefined) return;
    if (this.#stream.writableLength === 0) this.#released(parts);
    else if (this.#stream.writableNeedDrain) this.#held.push(parts);
  }

  /** The stream has passed everything on. */
  drained(): void {
    for (const parts of this.#held.splice(0)) this.#released?.(parts);
  }

  #write(parts: readonly Uint8Array[]): void {
    const [first] = parts;
    if (first === undefined) return;
    if (parts.length === 1) {
      if (first.length > 0) this.#stream.write(first);
      return;
    }
    if (this.#writesAtOnce && this.#stream.writableLength === 0) {
      const bytes = lengthUpTo(parts, GATHER_BYTES);
      if (bytes <= GATHER_BYTES) {
        this.#stream.write(this.#gather(parts, bytes));
        return;
      }
    }
    const joined = joinSmall(parts);
    if (joined.length > 1) this.#stream.cork();
    for (const part of joined) this.#stream.write(part);
    if (joined.length > 1) this.#stream.uncork();
  }

  #gather(parts: readonly Uint8Array[], bytes: number): Uint8Array {
    if (this.#gathered.length < bytes) {
      this.#gathered = Buffer.allocUnsafeSlow(
        bytes > FIRST_GATHER_BYTES ? GATHER_BYTES : FIRST_GATHER_BYTES,
      );
    }
    let at = 0;
    for (const part of parts) {
      this.#gathered.set(part, at);
      at += part.length;
    }
    return this.#gathered.subarray(0, bytes);
  }
}

// The length of all parts, or something above `most`.
function lengthUpTo(parts: readonly Uint8Array[], most: number): number {
  let bytes = 0;
  for (const part of parts) {
    bytes += part.length;
    if (bytes > most) break;
  }
  return bytes;
}

function joinSmall(parts: readonly Uint8Array[]): Uint8Array[] {
  const joined: Uint8Array[] = [];
  let from = 0;
  let runBytes = 0;
  for (let at = 0; at <= parts.length; at++) {
    const part = parts[at];
    if (part !== undefined && part.length < JOIN_BELOW_BYTES) {
      runBytes += part.length;
      continue;
    }
    if (runBytes > 0) joined.push(join(parts, from, at, runBytes));
    if (part !== undefined) joined.push(part);
    from = at + 1;
    runBytes = 0;
  }
  return joined;
}

function join(
  parts: readonly Uint8Array[],
  from: number,
  to: number,
  totalBytes: number,
): Uint8Array {
  const joined = Buffer.allocUnsafe(totalBytes);
  let at = 0;
  for (let index = from; index < to; index++) {
    const part = parts[index];
    if (part === undefined) continue;
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
