import type { Transfer } from "./transfer.js";
import type { FrameHeader } from "./wire/header.js";

/** A frame that is sent as it is, ahead of messages. */
export interface ControlFrame {
  readonly header: FrameHeader;
  readonly payload: Uint8Array;
}

// What a queued control frame costs besides its payload.
const CONTROL_OVERHEAD_BYTES = 256;

interface ChannelQueue {
  readonly channelId: number;
  readonly transfers: Transfer[];
  inTurn: boolean;
}

/**
 * Holds what is ready to be sent: control frames first, then one frame per channel in turn, so that a chunk train of one
 * channel never holds up another. Within a channel transfers keep their order. spec/xcp.md §7, §11.3
 */
export class Outbox {
  #control: ControlFrame[] = [];
  #controlAt = 0;
  readonly #channels = new Map<number, ChannelQueue>();
  readonly #turns: ChannelQueue[] = [];
  #bytes = 0;

  /** Bytes of payload that wait. */
  get queuedBytes(): number {
    return this.#bytes;
  }

  /** Whether nothing at all waits, not even the rest of a streamed body. */
  get empty(): boolean {
    return this.#controlAt === this.#control.length && this.#channels.size === 0;
  }

  /** Adds a control frame. */
  pushControl(frame: ControlFrame): void {
    this.#control.push(frame);
    this.#bytes += frame.payload.length + CONTROL_OVERHEAD_BYTES;
  }

  /** Removes the next control frame. */
  shiftControl(): ControlFrame | undefined {
    const frame = this.#control[this.#controlAt];
    if (frame === undefined) return undefined;
    this.#controlAt++;
    if (this.#controlAt === this.#control.length) {
      this.#control = [];
      this.#controlAt = 0;
    }
    this.#bytes -= frame.payload.length + CONTROL_OVERHEAD_BYTES;
    return frame;
  }

  /** Adds a transfer behind the others of its channel. */
  push(transfer: Transfer): void {
    transfer.state = "queued";
    this.#bytes += transfer.remainingBytes;
    let channel = this.#channels.get(transfer.channelId);
    if (channel === undefined) {
      channel = { channelId: transfer.channelId, transfers: [], inTurn: false };
      this.#channels.set(transfer.channelId, channel);
    }
    channel.transfers.push(transfer);
    this.#takeTurn(channel);
  }

  /** The transfer whose turn it is to send one frame; it stays in its place. */
  current(): Transfer | undefined {
    return this.#turns[0]?.transfers[0];
  }

  /** Tells that the current transfer put `bytes` into a frame, and whether that was its last one. */
  advance(bytes: number, outcome: "more" | "finished"): void {
    this.#bytes -= bytes;
    const channel = this.#turns[0];
    if (channel === undefined) return;
    if (outcome === "finished") channel.transfers.shift();
    const next = channel.transfers[0];
    if (next === undefined) this.#channels.delete(channel.channelId);
    if (next?.ready !== true) {
      this.#turns.shift();
      channel.inTurn = false;
    } else if (this.#turns.length > 1) {
      this.#turns.shift();
      this.#turns.push(channel);
    }
  }

  /** Counts `bytes` more of a streamed body, and lets its channel take its turn again. */
  refill(transfer: Transfer, bytes: number): void {
    this.#bytes += bytes;
    const channel = this.#channels.get(transfer.channelId);
    if (channel !== undefined) this.#takeTurn(channel);
  }

  /**
   * Takes a transfer back. One in the middle of its chunk train is left for its abort frame: `inTrain`.
   */
  remove(transfer: Transfer): "removed" | "inTrain" | "absent" {
    const channel = this.#channels.get(transfer.channelId);
    const at = channel?.transfers.indexOf(transfer) ?? -1;
    if (channel === undefined || at < 0) return "absent";
    this.#bytes -= transfer.remainingBytes;
    if (transfer.inTrain) {
      transfer.aborting = true;
      if (!(transfer.body instanceof Uint8Array)) transfer.body.clear();
      this.#takeTurn(channel);
      return "inTrain";
    }
    channel.transfers.splice(at, 1);
    if (channel.transfers.length === 0) this.#channels.delete(channel.channelId);
    if (channel.inTurn && channel.transfers[0]?.ready !== true) this.#leaveTurn(channel);
    else this.#takeTurn(channel);
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
    this.#turns.length = 0;
  }

  #takeTurn(channel: ChannelQueue): void {
    if (channel.inTurn || channel.transfers[0]?.ready !== true) return;
    channel.inTurn = true;
    this.#turns.push(channel);
  }

  #leaveTurn(channel: ChannelQueue): void {
    channel.inTurn = false;
    this.#turns.splice(this.#turns.indexOf(channel), 1);
  }
}
