import { Flag } from "./wire/constants.js";
import type { FrameHeader, MsgId } from "./wire/header.js";

interface Drain {
  readonly msgId: MsgId;
  chunks: number;
}

/** The channels in DRAINING: each ignores the rest of a message that was lost. spec/xcp.md §11.3 */
export class ChunkDrains {
  readonly #drains = new Map<number, Drain>();

  /** Whether this channel ignores a message. */
  has(channelId: number): boolean {
    return this.#drains.has(channelId);
  }

  /** The index of this frame in the message that is ignored; 0 for other frames. */
  indexOf({ channelId, msgId }: FrameHeader): number {
    const drain = this.#drains.get(channelId);
    return drain?.msgId === msgId ? drain.chunks : 0;
  }

  /**
   * Ignores the rest of a message, unless the frame with `flags` was its last.
   *
   * @param chunks Frames of it that came before that one.
   */
  begin(channelId: number, flags: number, msgId: MsgId, chunks: number): void {
    if ((flags & Flag.MORE) === 0) return;
    this.#drains.set(channelId, { msgId, chunks: chunks + 1 });
  }

  /** Takes a frame, and tells whether it belongs to the message that is ignored. Another message ends that. */
  takes(flags: number, { channelId, msgId }: FrameHeader): boolean {
    const drain = this.#drains.get(channelId);
    if (drain === undefined) return false;
    const ours = drain.msgId === msgId;
    drain.chunks++;
    if (!ours || (flags & Flag.MORE) === 0) this.#drains.delete(channelId);
    return ours;
  }
}
