import { AtomicBuffer } from "../memory/atomic-buffer.js";
import { FRAME_HEADER_BYTES, FrameFlag, UNFRAGMENTED } from "../log/frame.js";
import { alignFrame } from "../log/log-buffers.js";
import type { FragmentHeader } from "./fragment-header.js";
import type { FragmentHandler } from "./image.js";

/** A message of one session of which the end is still missing. */
interface Builder {
  bytes: Uint8Array;
  length: number;
  nextOffset: number;
}

/** Bytes that a message may have at most. spec/aeron.md §7 */
const MAX_MESSAGE_BYTES = 16_777_216;
const FIRST_BYTES = 4_096;

/**
 * Puts messages together from their fragments and hands each out whole. Use its `handle` as the handler of a poll.
 *
 * A message that is whole already passes through without a copy; another one lies in a buffer that the next of its
 * session reuses. A fragment that does not follow the one before drops its message. spec/aeron.md §9
 */
export class FragmentAssembler {
  readonly #handler: FragmentHandler;
  readonly #builders = new Map<number, Builder>();

  /** `handler` gets whole messages; the header it gets is that of the last fragment. */
  constructor(handler: FragmentHandler) {
    this.#handler = handler;
  }

  /** Takes one fragment. */
  readonly handle: FragmentHandler = (term, offset, length, header) => {
    const { flags } = header;
    if ((flags & UNFRAGMENTED) === UNFRAGMENTED) this.#handler(term, offset, length, header);
    else this.#assemble(term.bytes.subarray(offset, offset + length), flags, header);
  };

  /** Forgets what began in a session, when its image has gone. */
  forget(sessionId: number): void {
    this.#builders.delete(sessionId);
  }

  #assemble(part: Uint8Array, flags: number, header: FragmentHeader): void {
    const { sessionId, termOffset } = header;
    const next = termOffset + alignFrame(part.length + FRAME_HEADER_BYTES);
    if ((flags & FrameFlag.begin) !== 0) {
      const builder = this.#builders.get(sessionId) ?? {
        bytes: new Uint8Array(FIRST_BYTES),
        length: 0,
        nextOffset: 0,
      };
      builder.length = 0;
      this.#builders.set(sessionId, builder);
      append(builder, part, next);
      return;
    }
    const builder = this.#builders.get(sessionId);
    if (builder === undefined || builder.length === 0) return;
    if (termOffset !== builder.nextOffset || builder.length + part.length > MAX_MESSAGE_BYTES) {
      builder.length = 0;
      return;
    }
    append(builder, part, next);
    if ((flags & FrameFlag.end) === 0) return;
    const { length } = builder;
    builder.length = 0;
    this.#handler(new AtomicBuffer(builder.bytes), 0, length, header);
  }
}

function append(builder: Builder, part: Uint8Array, nextOffset: number): void {
  const length = builder.length + part.length;
  if (length > builder.bytes.length) {
    const grown = new Uint8Array(Math.max(length, builder.bytes.length * 2));
    grown.set(builder.bytes.subarray(0, builder.length));
    builder.bytes = grown;
  }
  builder.bytes.set(part, builder.length);
  builder.length = length;
  builder.nextOffset = nextOffset;
}
