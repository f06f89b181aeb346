import { type Attachment, type Ether, EtherError } from "@proj/ether-codecs";
import type { Client } from "@proj/aeron";
import { driver, type DriverEvent, Frame } from "@proj/tensor-pool";
import { type AttachedStream, attachStream } from "@proj/tensor-pool/node";
import { parseSlotUri, type SlotName } from "./slot-uri.js";

/** What attachments that lie in tensor pools are read with. */
export interface PoolInboxOptions {
  /** The client that carries leases. */
  readonly client: Client;
  /** The channel and stream of the driver. */
  readonly controlChannel: string;
  readonly controlStreamId: number;
  readonly announceChannel: string;
  readonly announceStreamId: number;
  /** The folders beneath which regions may lie. */
  readonly allowedDirs: readonly string[];
  /** Whether the driver has a stream: nobody can make the node ask for others. */
  readonly isKnown: (streamId: number) => boolean;
}

/** Ethers whose attachments may lie in tensor pools. */
export interface PooledEther {
  /** The Ether with the bytes in place, not copied. */
  readonly ether: Ether;
  /** Ids of the attachments that lie in pools. */
  readonly ids: readonly string[];
  /** Whether all that was read so far was read from the frames that were meant. */
  stillValid(): boolean;
}

/** Streams that are held at a time. */
const MAX_STREAMS = 64;

/**
 * Finds attachments in the tensor pools of this host: a lease on their stream, and no copy.
 *
 * A stream that is named for the first time is attached meanwhile; until then the sender is told to send inline.
 */
export class PoolInbox {
  readonly #options: PoolInboxOptions;
  readonly #streams = new Map<number, AttachedStream | "opening">();
  #closed = false;

  /** Attaches to nothing yet. */
  constructor(options: PoolInboxOptions) {
    this.#options = options;
  }

  /** How many streams it holds a lease on, or asks for one. */
  get streams(): number {
    return this.#streams.size;
  }

  /**
   * Takes what the driver says of its producers: whoever attaches to a stream to write it may be about to send frames of it,
   * so that the inbox attaches to it before anybody names it.
   */
  follow(event: DriverEvent): void {
    if (!("role" in event) || event.role !== driver.Role.PRODUCER) return;
    if (event.kind === "attached") this.#prepare(event.streamId);
    else this.#forget(event.streamId);
  }

  /**
   * Resolves what lies in pools, or returns `undefined` where nothing does.
   *
   * @param use `copied` where what is read is kept: the copy is checked at once.
   * @throws EtherError `ether.shm_unavailable`
   */
  resolve(ether: Ether, use: "inPlace" | "copied"): PooledEther | undefined {
    if (!ether.attachments.some(isPooled)) return undefined;
    const frames: Frame[] = [];
    const ids: string[] = [];
    const attachments = ether.attachments.map((attachment) => {
      const { uri, ...rest } = attachment;
      const name = uri === undefined ? undefined : parseSlotUri(uri);
      if (name === undefined) return attachment;
      if (attachment.sizeBytes !== undefined && attachment.sizeBytes !== name.bytes) {
        throw new EtherError("ether.attachment_invalid", "its size is not that of its URI");
      }
      const frame = this.#frame(name);
      ids.push(attachment.id);
      const view = frame.payload.subarray(0, name.bytes);
      if (use === "inPlace") {
        frames.push(frame);
        return { ...rest, inlineBytes: view };
      }
      const copy = view.slice();
      if (!frame.stillValid()) throw unavailable(`frame ${name.seq} was overwritten`);
      return { ...rest, inlineBytes: copy };
    });
    return {
      ether: { ...ether, attachments },
      ids,
      stillValid: () => frames.every((frame) => frame.stillValid()),
    };
  }

  /** Gives all leases back. */
  close(): void {
    this.#closed = true;
    for (const stream of this.#streams.values()) if (stream !== "opening") stream.close();
    this.#streams.clear();
  }

  #prepare(streamId: number): void {
    if (!this.#streams.has(streamId)) void this.#open(streamId);
  }

  // Gives the lease on a stream back: nobody writes it any more.
  #forget(streamId: number): void {
    const stream = this.#streams.get(streamId);
    if (stream === undefined || stream === "opening") return;
    stream.close();
    this.#streams.delete(streamId);
  }

  #frame({ streamId, epoch, seq, bytes }: SlotName): Frame {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) void this.#open(streamId);
    if (stream === undefined || stream === "opening") {
      throw unavailable(`stream ${streamId} is not attached yet`);
    }
    stream.follow();
    if (stream.epoch !== epoch) throw unavailable(`stream ${streamId} is not in epoch ${epoch}`);
    const frame = stream.frame(seq);
    if (!(frame instanceof Frame))
      throw unavailable(`frame ${seq} of stream ${streamId}: ${frame}`);
    if (frame.payload.length < bytes)
      throw unavailable(`frame ${seq} has fewer than ${bytes} bytes`);
    return frame;
  }

  async #open(streamId: number): Promise<void> {
    const { isKnown, ...options } = this.#options;
    if (this.#closed || this.#streams.size >= MAX_STREAMS || !isKnown(streamId)) return;
    this.#streams.set(streamId, "opening");
    try {
      const stream = await attachStream({ ...options, streamId });
      if (this.#closed) stream.close();
      else this.#streams.set(streamId, stream);
    } catch {
      // Asked for again with the next message; until then attachments come inline.
      this.#streams.delete(streamId);
    }
  }
}

function isPooled({ uri }: Attachment): boolean {
  return uri !== undefined && parseSlotUri(uri) !== undefined;
}

function unavailable(what: string): EtherError {
  return new EtherError("ether.shm_unavailable", `tensor pool: ${what}`);
}
