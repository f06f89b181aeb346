import { Queue } from "./queue.js";
import type { Transfer } from "./transfer.js";
import type { FrameHeader } from "./wire/header.js";

/** A frame that is sent as it is, ahead of messages. */
export interface ControlFrame {
  readonly header: FrameHeader;
  readonly payload: Uint8Array;
}

// What a queued control frame costs besides its payload.
const CONTROL_OVERHEAD_BYTES = 256;
// Empty queues are kept up to this many channels, as most channels are used again.
const KEPT_CHANNELS = 256;

class ChannelQueue {
  readonly channelId: number;
  readonly transfers: Queue<Transfer> = new Queue();
  inTurn = false;

  constructor(channelId: number) {
    this.channelId = channelId;
  }
}

/**
 * Holds what is ready to be sent: control frames first, then one frame per channel in turn, so that a chunk train of one
 * channel never holds up another. Within a channel transfers keep their order. spec/xcp.md §7, §11.3
 */
export class Outbox {
  readonly #control = new Queue<ControlFrame>();
  readonly #channels = new Map<number, ChannelQueue>();
  /** Channels that can send a frame now; the first one is next. */
  readonly #turns = new Queue<ChannelQueue>();
  #lastUsed: ChannelQueue | undefined;
  #count = 0;
  #bytes = 0;

  /** Bytes of payload that wait. */
  get queuedBytes(): number {
    return this.#bytes;
  }

  /** Whether nothing at all waits, not even the rest of a streamed body. */
  get empty(): boolean {
    return this.#count === 0 && this.#control.empty;
  }

  /** Adds a control frame. */
  pushControl(frame: ControlFrame): void {
    this.#control.push(frame);
    this.#bytes += frame.payload.length + CONTROL_OVERHEAD_BYTES;
  }

  /** Removes the next control frame. */
  shiftControl(): ControlFrame | undefined {
    const frame = this.#control.shift();
    if (frame !== undefined) this.#bytes -= frame.payload.length + CONTROL_OVERHEAD_BYTES;
    return frame;
  }

  /** Adds a transfer behind the others of its channel. */
  push(transfer: Transfer): void {
    transfer.state = "queued";
    this.#bytes += transfer.remainingBytes;
    this.#count++;
    const channel = this.#channelOf(transfer.channelId);
    channel.transfers.push(transfer);
    this.#takeTurn(channel);
  }

  /** The transfer whose turn it is to send one frame; it stays in its place. */
  current(): Transfer | undefined {
    return this.#turns.first?.transfers.first;
  }

  /** Tells that the current transfer put `bytes` into a frame, and whether that was its last one. */
  advance(bytes: number, outcome: "more" | "finished"): void {
    this.#bytes -= bytes;
    const channel = this.#turns.first;
    if (channel === undefined) return;
    if (outcome === "finished") {
      channel.transfers.shift();
      this.#count--;
    }
    const ready = channel.transfers.first?.ready === true;
    if (ready && this.#turns.length === 1) return;
    this.#turns.shift();
    if (ready) this.#turns.push(channel);
    else channel.inTurn = false;
  }

  /** Counts `bytes` more of a streamed body, and lets its channel take its turn again. */
  refill(transfer: Transfer, bytes: number): void {
    this.#bytes += bytes;
    this.#takeTurn(this.#channelOf(transfer.channelId));
  }

  /**
   * Takes a transfer back. One in the middle of its chunk train is left for its abort frame: `inTrain`.
   */
  remove(transfer: Transfer): "removed" | "inTrain" | "absent" {
    const channel = this.#channels.get(transfer.channelId);
    if (channel === undefined) return "absent";
    if (transfer.inTrain && channel.transfers.first === transfer) {
      this.#bytes -= transfer.remainingBytes;
      transfer.aborting = true;
      if (!(transfer.body instanceof Uint8Array)) transfer.body.clear();
      this.#takeTurn(channel);
      return "inTrain";
    }
    if (!channel.transfers.remove(transfer)) return "absent";
    this.#bytes -= transfer.remainingBytes;
    this.#count--;
    if (channel.transfers.first?.ready === true) this.#takeTurn(channel);
    else if (channel.inTurn) {
      channel.inTurn = false;
      this.#turns.remove(channel);
    }
    return "removed";
  }

  /** Everything that waits, for a look at its deadlines. */
  *transfers(): Generator<Transfer> {
    for (const channel of this.#channels.values()) yield* channel.transfers;
  }

  /** Forgets the transfers; control frames still leave. */
  clearTransfers(): void {
    for (const transfer of this.transfers()) {
      if (!transfer.aborting) this.#bytes -= transfer.remainingBytes;
    }
    this.#channels.clear();
    this.#lastUsed = undefined;
    this.#count = 0;
    while (this.#turns.shift() !== undefined);
  }

  #channelOf(channelId: number): ChannelQueue {
    if (this.#lastUsed?.channelId === channelId) return this.#lastUsed;
    let channel = this.#channels.get(channelId);
    if (channel === undefined) {
      if (this.#channels.size >= KEPT_CHANNELS) this.#forgetIdle();
      channel = new ChannelQueue(channelId);
      this.#channels.set(channelId, channel);
    }
    this.#lastUsed = channel;
    return channel;
  }

  #forgetIdle(): void {
    for (const [channelId, channel] of this.#channels) {
      if (channel.transfers.empty) this.#channels.delete(channelId);
    }
  }

  #takeTurn(channel: ChannelQueue): void {
    if (channel.inTurn || channel.transfers.first?.ready !== true) return;
    channel.inTurn = true;
    this.#turns.push(channel);
  }
}
