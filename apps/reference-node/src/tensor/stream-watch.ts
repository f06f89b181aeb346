import type { Client } from "@proj/aeron";
import {
  ControlAdapter,
  decodeAnnounce,
  DEFAULT_CHANNEL,
  StreamIds,
  wire,
} from "@proj/tensor-pool";
import { type MessagePoller, openPoller } from "@proj/tensor-pool/node";
import { isWireError } from "@proj/wire-types";

/** A stream as it was seen since the last look. */
export interface SeenStream {
  readonly streamId: number;
  readonly epoch: bigint;
  /** 0 while nobody writes. */
  readonly producerId: number;
  readonly nslots: number;
  /** Bytes of the slots of each pool. */
  readonly strides: readonly number[];
  /** What it is called, where that was said. */
  readonly name: string;
  /** Descriptors since the last look. */
  readonly frames: number;
  /** The newest frame; -1 before the first. */
  readonly lastSeq: number;
  /** Frames of which no descriptor came, since the last look. */
  readonly gaps: number;
}

interface Entry {
  seen: Omit<SeenStream, "frames" | "lastSeq" | "gaps" | "name">;
  atMs: number;
  frames: number;
  lastSeq: number;
  gaps: number;
}

/** Streams of which nothing was heard for so long are left out, in milliseconds. */
const SILENT_MS = 3_500;
const DESCRIPTOR_BYTES = 40;

/** Watches which streams are announced and described. It maps nothing and needs no lease. */
export class StreamWatch {
  readonly #pollers: MessagePoller[] = [];
  readonly #streams = new Map<number, Entry>();
  readonly #names = new Map<number, string>();
  readonly #descriptor = new wire.FrameDescriptorDecoder();

  /** Opens the streams. @throws AeronError */
  async start(client: Client, channel: string = DEFAULT_CHANNEL): Promise<void> {
    const metadata = new ControlAdapter({
      handlers: {
        dataSourceAnnounce: ({ streamId, name }) => {
          if (this.#streams.has(streamId)) this.#names.set(streamId, name);
        },
      },
    });
    this.#pollers.push(
      await openPoller(client, channel, StreamIds.announce, this.#onAnnounce),
      // Where a driver announces whose configuration names no stream for it. spec/tensor-pool.md §22
      await openPoller(client, channel, StreamIds.control, this.#onAnnounce),
      await openPoller(client, channel, StreamIds.descriptor, this.#onDescriptor),
      await openPoller(client, channel, StreamIds.metadata, (view, offset, length) => {
        metadata.receive(view, offset, length);
      }),
    );
  }

  /** Takes in what has come. */
  poll(): void {
    for (const poller of this.#pollers) while (poller.poll() > 0);
  }

  /** Tells what was seen since the last look, by stream. */
  look(nowMs: number): SeenStream[] {
    const all: SeenStream[] = [];
    for (const [streamId, entry] of this.#streams) {
      if (nowMs - entry.atMs > SILENT_MS) {
        this.#streams.delete(streamId);
        continue;
      }
      const { seen, frames, lastSeq, gaps } = entry;
      all.push({ ...seen, name: this.#names.get(streamId) ?? "", frames, lastSeq, gaps });
      entry.frames = 0;
      entry.gaps = 0;
    }
    return all.toSorted((a, b) => a.streamId - b.streamId);
  }

  /** Closes the streams. */
  close(): void {
    for (const poller of this.#pollers) poller.close();
  }

  readonly #onAnnounce = (view: DataView, offset: number, length: number): void => {
    try {
      const layout = decodeAnnounce(view, offset, length);
      if (typeof layout === "string") return;
      const { streamId, epoch, producerId, nslots, pools } = layout;
      const strides = pools.map(({ strideBytes }) => strideBytes);
      const seen = { streamId, epoch, producerId, nslots, strides };
      const known = this.#streams.get(streamId);
      const counts =
        known === undefined || known.seen.epoch !== epoch
          ? { frames: known?.frames ?? 0, lastSeq: -1, gaps: known?.gaps ?? 0 }
          : known;
      this.#streams.set(streamId, { ...counts, seen, atMs: Date.now() });
    } catch (error) {
      if (!isWireError(error)) throw error;
    }
  };

  readonly #onDescriptor = (view: DataView, offset: number, length: number): void => {
    if (length < 8 + DESCRIPTOR_BYTES) return;
    try {
      const descriptor = this.#descriptor.wrap(view, offset, offset + length);
      const entry = this.#streams.get(descriptor.streamId());
      if (entry === undefined || entry.seen.epoch !== descriptor.epoch()) return;
      const seq = Number(descriptor.seq());
      if (entry.lastSeq >= 0 && seq > entry.lastSeq) entry.gaps += seq - entry.lastSeq - 1;
      entry.lastSeq = Math.max(seq, entry.lastSeq);
      entry.frames++;
    } catch (error) {
      if (!isWireError(error)) throw error;
    }
  };
}
