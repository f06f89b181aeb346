import { asWireError, isWireError, type WireError } from "@proj/wire-types";
import { XcpError } from "./errors.js";
import type { FrameWriter } from "./frame-writer.js";
import type { Lifecycle } from "./lifecycle.js";
import type { OpenSession } from "./open-session.js";
import type { SessionCore } from "./session-core.js";
import type { SessionHandshake } from "./session-handshake.js";
import { fromV01Frame } from "./v01-translation.js";
import type { FrameEvent } from "./wire/frame-event.js";
import { FrameReader } from "./wire/frame-reader.js";

/** Who gets the frames that a {@link SessionReading} finds. */
export interface SessionReadingParts {
  readonly life: Lifecycle;
  /** Answers in the profile that the peer turns out to speak. */
  readonly writer: FrameWriter;
  readonly handshake: SessionHandshake;
  /** What exists once the handshake is done. */
  machines(): OpenSession | undefined;
}

/** Makes frames of the transport's bytes and passes them on. What goes wrong ends the session here, and nowhere else. */
export class SessionReading {
  /** Splits the bytes. */
  readonly reader: FrameReader;
  readonly #core: SessionCore;
  readonly #parts: SessionReadingParts;

  constructor(core: SessionCore, parts: SessionReadingParts) {
    this.#core = core;
    this.#parts = parts;
    const { platform, limits, acceptV01, profile, role } = core.config;
    const fixed = profile === "auto" ? (role === "initiator" ? "v0.2" : undefined) : profile;
    this.reader = new FrameReader({
      crc32c: platform.crc32c,
      limits,
      acceptV01,
      allocate: platform.allocate,
      ...(fixed !== undefined && { profile: fixed }),
    });
  }

  /** Takes bytes, which are one frame where the framing is `messages`. */
  take(bytes: Uint8Array, memory: "kept" | "lent"): void {
    const { reader } = this;
    try {
      reader.push(bytes, memory);
      this.#readFrames();
      if (this.#core.config.framing === "messages" && !this.#isClosed && reader.partial) {
        throw new XcpError("xcp.frame_truncated", `message of ${bytes.length} bytes is no frame`);
      }
    } catch (error) {
      this.#core.fail(asXcpError(error));
    }
  }

  get #isClosed(): boolean {
    return this.#parts.life.kind === "closed";
  }

  #readFrames(): void {
    const { reader } = this;
    for (let read = reader.next(); read !== undefined; read = reader.next()) {
      this.#core.traffic.received.frames++;
      if (this.#core.config.framing === "messages" && reader.partial) {
        throw new XcpError("xcp.frame_truncated", "a message holds more than one frame");
      }
      const event = reader.profile === "v0.1" ? fromV01Frame(read) : read;
      const machines = this.#parts.machines();
      if (machines !== undefined) machines.intake.receive(event);
      else this.#receiveEarly(event);
      if (this.#isClosed) return;
    }
  }

  #receiveEarly(event: FrameEvent): void {
    const { profile } = this.reader;
    this.#core.profile = profile;
    this.#parts.writer.profile = profile ?? "v0.2";
    if (event.kind === "frame") {
      this.#parts.handshake.receive(event);
      return;
    }
    if (this.#core.config.role === "initiator") throw event.error;
    this.#core.sendNack(event.header, event.error);
  }
}

/** What is thrown at a session, as an error that a peer may be told. */
export function asXcpError(thrown: unknown): WireError {
  if (isWireError(thrown)) return thrown;
  // Not the peer's doing; the connection still ends in order.
  return new XcpError("xcp.app", "internal error", { cause: asWireError(thrown) });
}
