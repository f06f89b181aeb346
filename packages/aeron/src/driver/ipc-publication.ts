import { FrameField, FrameType } from "../log/frame.js";
import { alignFrame, LogBuffers, LogMeta, PARTITIONS, rawTail } from "../log/log-buffers.js";
import type { AtomicBuffer } from "../memory/atomic-buffer.js";
import type { LogFile } from "./driver-files.js";

/** What a driver's publication is made of. */
export interface IpcPublicationSetup {
  /** The command that made it. */
  readonly registrationId: bigint;
  /** Who writes. */
  readonly sessionId: number;
  /** The stream. */
  readonly streamId: number;
  /** The channel of that command. */
  readonly channel: string;
  /** Whether it has one writer. */
  readonly exclusive: boolean;
  /** The log. */
  readonly file: LogFile;
  /** How far writers may be ahead of readers. */
  readonly windowBytes: number;
  /** The counter that limits its writers. */
  readonly limitCounterId: number;
  /** The value record of that counter. */
  readonly limit: AtomicBuffer;
  /** The counter that shows where its writers are. */
  readonly positionCounterId: number;
  /** The value record of that counter. */
  readonly position: AtomicBuffer;
}

/** A subscription that reads a publication. */
export interface Reader {
  /** The command that added the subscription. */
  readonly subscriptionId: bigint;
  /** The counter that tells how far it has read. */
  readonly positionCounterId: number;
  /** The value record of that counter. */
  readonly position: AtomicBuffer;
}

/**
 * One publication in the driver: it limits the writers, cleans what was read, and frees what a dead writer left.
 *
 * ```
 *   active ──last writer gone──▶ draining ──all read──▶ lingering ──▶ (removed)
 * ```
 * spec/aeron.md §11
 */
export class IpcPublication {
  /** What it was made of. */
  readonly setup: IpcPublicationSetup;
  /** The log. */
  readonly log: LogBuffers;
  /** How many of its clients' registrations are left. */
  users = 0;
  /** Where it is in its life. */
  state: "active" | "draining" | "lingering" = "active";
  /** When it began to linger, in epoch milliseconds. */
  lingerSinceMs = 0;
  readonly #readers: Reader[] = [];
  #consumed: number;
  #cleaned: number;
  #trip: number;
  #blockedAt: number;
  #blockedSinceMs: number;

  /** Starts where the log's tail is. */
  constructor(setup: IpcPublicationSetup, nowMs: number) {
    this.setup = setup;
    this.log = new LogBuffers(setup.file.region.bytes);
    const position = this.log.producerPosition();
    this.#consumed = position;
    this.#cleaned = position;
    this.#trip = position;
    this.#blockedAt = position;
    this.#blockedSinceMs = nowMs;
    setup.limit.putPositionRelease(0, position);
    setup.position.putPositionRelease(0, position);
  }

  /** Who reads it. */
  get readers(): readonly Reader[] {
    return this.#readers;
  }

  /** How far the furthest reader has read. */
  get consumerPosition(): number {
    return this.#consumed;
  }

  /** Where a new reader joins: as early as what is still there allows. */
  joinPosition(): number {
    return this.#readers.reduce(
      (least, reader) => Math.min(least, reader.position.positionAcquire(0)),
      this.#consumed,
    );
  }

  /** Adds a reader, whose position counter stands at the join position. */
  addReader(reader: Reader): void {
    this.#readers.push(reader);
    this.log.meta.putIntRelease(LogMeta.isConnected, 1);
  }

  /** Removes the reader of a subscription. */
  removeReader(subscriptionId: bigint): Reader | undefined {
    const index = this.#readers.findIndex((each) => each.subscriptionId === subscriptionId);
    const [removed] = index < 0 ? [] : this.#readers.splice(index, 1);
    // What it has read counts, also since the last turn: nobody who joins later gets it again.
    if (removed !== undefined) {
      this.#consumed = Math.max(this.#consumed, removed.position.positionAcquire(0));
    }
    if (this.#readers.length === 0) this.log.meta.putIntRelease(LogMeta.isConnected, 0);
    return removed;
  }

  /** Whether a reader is nearer to the furthest one than three quarters of the window; one that is not there is. */
  isWithinWindow(subscriptionId: bigint): boolean {
    const reader = this.#readers.find((each) => each.subscriptionId === subscriptionId);
    if (reader === undefined) return true;
    const limit = this.#consumed - (this.setup.windowBytes * 3) / 4;
    return reader.position.positionAcquire(0) > limit;
  }

  /** Removes all readers and returns them. */
  takeReaders(): Reader[] {
    this.log.meta.putIntRelease(LogMeta.isConnected, 0);
    return this.#readers.splice(0);
  }

  /** Lets writers go on as far as readers have come; returns whether anything changed. Called on every turn. */
  updateLimit(): boolean {
    const { setup } = this;
    setup.position.putPositionRelease(0, this.log.producerPosition());
    if (this.state !== "active") return this.#drain();
    const [first] = this.#readers;
    if (first === undefined) return this.#standStill();
    let least = Number.POSITIVE_INFINITY;
    let most = this.#consumed;
    for (const { position } of this.#readers) {
      const at = position.positionAcquire(0);
      least = Math.min(least, at);
      most = Math.max(most, at);
    }
    this.#consumed = most;
    const limit = least + setup.windowBytes;
    if (limit <= this.#trip) return false;
    // Cleaned before the limit grows: a term is used again only where its frames are zero.
    this.#cleanTo(least);
    setup.limit.putPositionRelease(0, limit);
    this.#trip = limit + setup.windowBytes / 8;
    return true;
  }

  /** Ends writing: no more is written, what was written is still read. */
  startDraining(): void {
    const end = this.log.producerPosition();
    const { limit } = this.setup;
    if (limit.positionAcquire(0) > end) limit.putLongRelease(0, BigInt(end));
    this.log.meta.putLongRelease(LogMeta.endOfStreamPosition, BigInt(end));
    this.state = "draining";
  }

  /** Whether every reader has read to the end. */
  get isDrained(): boolean {
    const end = this.log.producerPosition();
    return this.#readers.every(({ position }) => position.positionAcquire(0) >= end);
  }

  /**
   * Frees what a dead writer blocks, when readers have stood still before written data for `timeoutMs`.
   *
   * @returns Whether there was something to free.
   */
  checkBlocked(nowMs: number, timeoutMs: number): boolean {
    const produced = this.log.producerPosition();
    const draining = this.state === "draining";
    if (this.#consumed !== this.#blockedAt || (produced <= this.#consumed && !this.#isTorn())) {
      this.#blockedAt = this.#consumed;
      this.#blockedSinceMs = nowMs;
      return false;
    }
    if (!draining && nowMs - this.#blockedSinceMs < timeoutMs) return false;
    return this.#unblockAt(this.#consumed);
  }

  // Without readers the writers may not go on, so that the first one to join misses nothing.
  #standStill(): boolean {
    const { limit } = this.setup;
    if (limit.positionAcquire(0) <= this.#consumed) return false;
    limit.putLongRelease(0, BigInt(this.#consumed));
    this.#trip = this.#consumed;
    this.#cleanTo(this.#consumed);
    return true;
  }

  #drain(): boolean {
    for (const { position } of this.#readers) {
      this.#consumed = Math.max(this.#consumed, position.positionAcquire(0));
    }
    return false;
  }

  // One term's end at a time; the first word last, since it is what says that a frame is there.
  #cleanTo(target: number): void {
    const { log } = this;
    while (this.#cleaned < target) {
      const offset = this.#cleaned % log.termLength;
      const length = Math.min(target - this.#cleaned, log.termLength - offset);
      const term = log.termAt(this.#cleaned);
      term.bytes.fill(0, offset + 8, offset + length);
      term.putLongRelease(offset, 0n);
      this.#cleaned += length;
    }
  }

  // A writer died between passing a term's end and rotating the log.
  #isTorn(): boolean {
    const count = this.log.activeTermCount();
    return Number(this.log.rawTail(count) & 0xffff_ffffn) > this.log.termLength;
  }

  #unblockAt(position: number): boolean {
    const { log } = this;
    const { termLength } = log;
    const active = log.activeTermCount();
    const activeId = (log.initialTermId + active) | 0;
    const written = Number(log.rawTail(active) & 0xffff_ffffn);
    const count = Math.floor(position / termLength);
    if (count > active) {
      if (written <= termLength) return false;
      log.rotate(active, activeId);
      return true;
    }
    const tail = count < active ? termLength : Math.min(written, termLength);
    const termId = (log.initialTermId + count) | 0;
    const end = this.#fillHole(
      log.partition(count % PARTITIONS),
      position % termLength,
      tail,
      termId,
    );
    if (end === termLength && count === active && written >= termLength)
      log.rotate(active, activeId);
    return end !== undefined;
  }

  // Turns what was claimed and never written into padding; returns where it ends in the term.
  #fillHole(term: AtomicBuffer, start: number, tail: number, termId: number): number | undefined {
    if (start >= tail) return undefined;
    const length = term.intAcquire(start);
    if (length > 0) return undefined;
    const claimed = Math.min(-length, this.log.termLength - start);
    let end = start + (length < 0 ? alignFrame(claimed) : 32);
    if (length === 0) {
      while (end < tail && term.intAcquire(end) === 0) end += 32;
      for (let at = end - 32; at >= start; at -= 32) {
        if (term.intAcquire(at) !== 0) return undefined;
      }
    }
    end = Math.min(end, this.log.termLength);
    this.#pad(term, start, end - start, termId);
    return end;
  }

  #pad(term: AtomicBuffer, at: number, length: number, termId: number): void {
    const { view } = term;
    view.setUint8(at + FrameField.version, 0);
    view.setUint8(at + FrameField.flags, 0xc0);
    view.setUint16(at + FrameField.type, FrameType.padding, true);
    view.setInt32(at + FrameField.termOffset, at, true);
    view.setInt32(at + FrameField.sessionId, this.setup.sessionId, true);
    view.setInt32(at + FrameField.streamId, this.setup.streamId, true);
    view.setInt32(at + FrameField.termId, termId, true);
    term.putIntRelease(at, length);
  }
}

/** Puts the tail of a new log where its channel wants writing to begin. */
export function startLogAt(
  bytes: Uint8Array,
  start: { readonly initialTermId: number; readonly termId: number; readonly offset: number },
): void {
  const { meta } = new LogBuffers(bytes);
  const count = (start.termId - start.initialTermId) | 0;
  for (let ahead = 0; ahead < PARTITIONS; ahead++) {
    const id = ahead === 0 ? start.termId : (start.termId + ahead - PARTITIONS) | 0;
    const tail = rawTail(id, ahead === 0 ? start.offset : 0);
    meta.putLongRelease(LogMeta.tail + ((count + ahead) % PARTITIONS) * 8, tail);
  }
  meta.putIntRelease(LogMeta.activeTermCount, count);
}
