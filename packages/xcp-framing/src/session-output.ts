import type { FrameWriter } from "./frame-writer.js";
import type { OpenSession } from "./open-session.js";
import type { Sender } from "./sender.js";
import type { SessionCore } from "./session-core.js";
import type { FrameReader } from "./wire/frame-reader.js";

// One `next` gives about this much, so that back-pressure is felt between calls.
const BATCH_BYTES = 256 * 1024;
// The peer opens one sealed chunk while the next is sealed, in the memory of the one that just left.
const SEALED_BATCH_BYTES = 32 * 1024;

/** Where a {@link SessionOutput} gets its frames from. */
export interface SessionOutputParts {
  readonly writer: FrameWriter;
  readonly sender: Sender;
  /** Learns in which order the peer wants the bytes of CRCs. */
  readonly reader: FrameReader;
  /** What exists once the handshake is done. */
  machines(): OpenSession | undefined;
}

/** What of a session is ready to be written. */
export class SessionOutput {
  readonly #core: SessionCore;
  readonly #parts: SessionOutputParts;

  constructor(core: SessionCore, parts: SessionOutputParts) {
    this.#core = core;
    this.#parts = parts;
  }

  /** The next bytes to write, or `undefined`. */
  next(): Uint8Array[] | undefined {
    const { writer, sender, reader } = this.#parts;
    const answers = this.#parts.machines()?.inbox.answers;
    // ACKs leave with whatever leaves anyway.
    const { nowUs, outbox } = this.#core;
    if (answers?.hasAcks === true && (nowUs >= answers.dueUs || !outbox.empty)) {
      answers.flushAcks();
    }
    writer.crcOrder = reader.crcOrder;
    sender.fill(this.#batchBytes);
    return writer.take();
  }

  /** Whether `next` may give something now. */
  ready(nowUs: number): boolean {
    if (!this.#core.outbox.empty || this.#parts.sender.hasAdmissible) return true;
    const answers = this.#parts.machines()?.inbox.answers;
    return answers !== undefined && answers.hasAcks && nowUs >= answers.dueUs;
  }

  // With the framing `messages` one frame at a time.
  get #batchBytes(): number {
    if (this.#core.config.framing === "messages") return 1;
    return this.#parts.writer.sealer === undefined ? BATCH_BYTES : SEALED_BATCH_BYTES;
  }
}
