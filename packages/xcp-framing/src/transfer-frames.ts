import type { FrameSealer } from "./frame-cipher.js";
import type { FrameWriter } from "./frame-writer.js";
import type { SessionCore } from "./session-core.js";
import type { Transfer } from "./transfer.js";
import { Flag, MsgType, ReservedTag, TAG_BYTES } from "./wire/constants.js";
import { type FrameHeader, NO_TAGS, type Tag } from "./wire/header.js";

const ABORT_TAGS: readonly Tag[] = Object.freeze([{ key: ReservedTag.ABORT, val: "1" }]);
const NO_BYTES = new Uint8Array(0);
// What is sealed before anything leaves, and what the peer opens after everything came, costs time in which one of the two waits.
const FIRST_SEALED_BYTES = 32_768;

/**
 * Turns transfers into frames, one at a time: cut into chunks, and sealed where the session is encrypted.
 *
 * @see spec/xcp.md §11.3, §12
 */
export class TransferFrames {
  readonly #core: SessionCore;
  readonly #writer: FrameWriter;
  #sealer: FrameSealer | undefined;
  #epoch = 0;
  #maxPayload = 0;

  constructor(core: SessionCore, writer: FrameWriter) {
    this.#core = core;
    this.#writer = writer;
  }

  /** Encrypts from now on. */
  seal(sealer: FrameSealer | undefined): void {
    this.#sealer = sealer;
    this.#writer.sealer = sealer;
  }

  /** Takes over changed terms. Encrypted messages travel in smaller frames: the peer opens one while the next is sealed. */
  setMaxFrameBytes(maxFrameBytes: number): void {
    const { sealedFrameBytes } = this.#core.config.limits;
    this.#maxPayload =
      this.#sealer === undefined
        ? maxFrameBytes
        : Math.min(maxFrameBytes, sealedFrameBytes) - TAG_BYTES;
  }

  /** Largest payload of one frame before encryption. */
  get maxPayload(): number {
    return this.#maxPayload;
  }

  /** Epoch of the sending keys; `undefined` without encryption. */
  get epoch(): number | undefined {
    return this.#sealer?.epoch;
  }

  /** Moves to the next epoch, in which an id may be sealed anew. */
  rotate(): void {
    this.#sealer?.rotate(this.#core.nowUs);
  }

  /** Erases the keys. */
  erase(): void {
    this.#sealer?.erase();
  }

  /** Puts the next frame of a transfer into the writer, and tells whether it was the last. */
  next(transfer: Transfer): "more" | "finished" {
    const { outbox, traffic, nowUs } = this.#core;
    if (transfer.sealed !== undefined && transfer.epoch === (this.epoch ?? 0)) {
      this.#writer.appendParts([transfer.sealed]);
      outbox.advance(transfer.remainingBytes, "finished");
      return "finished";
    }
    const most =
      this.#sealer === undefined ? this.#maxPayload : sealedBytes(transfer, this.#maxPayload);
    const last = endsWithin(transfer, most);
    const payload = takePayload(transfer, most);
    const index = transfer.chunkIndex++;
    const header = index === 0 ? transfer : continuationHeader(transfer, NO_TAGS);
    const flags = last ? transfer.flags : transfer.flags | Flag.MORE;
    const sealed = this.#writer.append(nowUs, flags, header, payload, index);
    if (sealed !== undefined) {
      this.#noteSealed(transfer, sealed, last && index === 0 ? "whole" : "part");
    }
    transfer.offset += payload.length;
    if (transfer.msgType === MsgType.DATA) {
      traffic.sent.countData(transfer.bodyCodec, payload.length);
    }
    const rest = last ? "finished" : "more";
    outbox.advance(payload.length, rest);
    return rest;
  }

  /** Ends an unfinished chunk train with `xcp.abort`. */
  abort(transfer: Transfer): void {
    const header = continuationHeader(transfer, ABORT_TAGS);
    const flags = transfer.flags & Flag.COMP;
    const { chunkIndex } = transfer;
    const sealed = this.#writer.append(this.#core.nowUs, flags, header, NO_BYTES, chunkIndex);
    if (sealed !== undefined) this.#noteSealed(transfer, sealed, "part");
    this.#core.outbox.advance(0, "finished");
    this.#core.log.write("info", "xcp.chunk_abort", { chunks: chunkIndex }, transfer);
  }

  #noteSealed(transfer: Transfer, sealed: Uint8Array, frame: "whole" | "part"): void {
    const epoch = this.epoch ?? 0;
    transfer.epoch = epoch;
    // A chunk's memory is used again once it left.
    transfer.sealed = frame === "whole" ? sealed : undefined;
    if (epoch === this.#epoch) return;
    this.#epoch = epoch;
    this.#core.log.write("info", "xcp.rekey", { direction: "sent", epoch });
  }
}

function endsWithin({ body, remainingBytes }: Transfer, most: number): boolean {
  return body instanceof Uint8Array ? remainingBytes <= most : body.endsWithin(most);
}

function takePayload(transfer: Transfer, most: number): Uint8Array {
  const { body, offset, remainingBytes } = transfer;
  if (!(body instanceof Uint8Array)) return body.take(most);
  if (offset === 0 && remainingBytes <= most) return body;
  return body.subarray(offset, offset + chunkBytes(remainingBytes, most));
}

// A sealed chunk is no longer than what left before it or what follows it, so that both ends are at work soon and until the
// end: the longest are in the middle.
function sealedBytes({ body, offset, remainingBytes }: Transfer, most: number): number {
  if (!(body instanceof Uint8Array) || body.length <= most) return most;
  const follows = Math.ceil(remainingBytes / 2);
  return Math.min(most, Math.max(FIRST_SEALED_BYTES, Math.min(offset, follows)));
}

// Chunks of one size: a message that is a little too long for one frame becomes two halves, not a frame and a crumb.
function chunkBytes(remaining: number, most: number): number {
  return Math.ceil(remaining / Math.ceil(remaining / most));
}

function continuationHeader(transfer: Transfer, tags: readonly Tag[]): FrameHeader {
  return {
    channelId: transfer.channelId,
    msgType: transfer.msgType,
    bodyCodec: transfer.bodyCodec,
    schemaKey: transfer.schemaKey,
    msgId: transfer.msgId,
    inReplyTo: transfer.inReplyTo,
    tags,
  };
}
