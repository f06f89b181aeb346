import type { AnnouncedTransfer } from "../transfer/announced-transfer.js";
import type { ServeJob } from "../transfer/serve-progress.js";
import { chunk, encodeChunkHeader, WORD_BYTES } from "../wire/chunk.js";
import { CHUNK_HEADER_BYTES, ChunkFlag, PayloadMode, Protection } from "../wire/constants.js";
import { copyId } from "../wire/id64.js";
import type { WireWriter } from "../wire/wire-writer.js";
import type { EngineContext } from "./context.js";
import type { Path } from "./path.js";
import type { Serving } from "./serving.js";

const MIN_CHUNK_BYTES = 64;

/**
 * Fills the payloads of DATA packets with what pullers asked for, by priority; transfers of one level take turns by pull.
 *
 * @see spec/dcquic.md §4.1, §9.4
 */
export class DataBuilder {
  readonly #context: EngineContext;
  readonly #serving: Serving;
  readonly #chunk = chunk();

  /** Reports to `serving` what was sent. */
  constructor(context: EngineContext, serving: Serving) {
    this.#context = context;
    this.#serving = serving;
  }

  /** The transfer that the next packet of the path begins with; forgets transfers that are over. */
  next(path: Path): AnnouncedTransfer | undefined {
    const { serveQueue, serveScheduler } = path;
    while (serveQueue.occupied !== 0) {
      const level = serveScheduler.select(serveQueue.occupied);
      const entry = this.#context.transfers.at(serveQueue.peek(level));
      if (entry?.role === "announcer" && entry.path === path.id) {
        const transfer = entry;
        this.#skipAcknowledged(path, transfer);
        if (transfer.state === "serving" && hasWork(transfer)) return transfer;
        transfer.progress.isQueued = false;
        // Everything that was asked for is acknowledged meanwhile, but not yet the whole.
        if (transfer.state === "serving") this.#serving.served(this.#context.nowUs, path, transfer);
      }
      serveQueue.shift(level);
    }
    return undefined;
  }

  /** The protection that a packet needs which begins with a transfer. */
  protectionOf(path: Path, first: AnnouncedTransfer): number {
    return packetProtection(path, first);
  }

  /** Writes chunks, those of `first` before others, until the payload is full or nothing of the same protection waits. */
  build(nowUs: number, path: Path, first: AnnouncedTransfer, writer: WireWriter): void {
    const protection = packetProtection(path, first);
    for (let next: AnnouncedTransfer | undefined = first; next !== undefined;) {
      if (packetProtection(path, next) !== protection) return;
      this.#serve(nowUs, path, next, writer);
      if (writer.remaining < CHUNK_HEADER_BYTES + MIN_CHUNK_BYTES) return;
      next = this.next(path);
    }
  }

  // What the puller has is not sent again; its memory may have been given away.
  #skipAcknowledged(path: Path, transfer: AnnouncedTransfer): void {
    const { acked, jobs } = transfer.progress;
    for (let job = jobs[0]; job !== undefined; job = jobs[0]) {
      const next = Math.min(job.end, acked.firstGap(job.next));
      path.servingBytes -= next - job.next;
      job.next = next;
      if (next < job.end) return;
      jobs.shift();
    }
  }

  #serve(nowUs: number, path: Path, transfer: AnnouncedTransfer, writer: WireWriter): void {
    const { serveQueue, serveScheduler } = path;
    const { occupied } = serveQueue;
    const level = serveScheduler.select(occupied);
    const { progress } = transfer;
    const job = progress.jobs[0];
    const bytes = this.#writeChunk(path, transfer, job, writer);
    progress.ackRequested = false;
    serveScheduler.charge(level, bytes + CHUNK_HEADER_BYTES, occupied);
    if (job !== undefined && job.next < job.end) return;
    if (job !== undefined) progress.jobs.shift();
    serveQueue.shift(level);
    progress.isQueued = progress.jobs.length > 0;
    if (progress.isQueued) serveQueue.push(level, transfer.id.lo);
    else this.#serving.served(nowUs, path, transfer);
  }

  #writeChunk(
    path: Path,
    transfer: AnnouncedTransfer,
    job: ServeJob | undefined,
    writer: WireWriter,
  ): number {
    const frame = this.#chunk;
    const { ackRequested, acked, sent } = transfer.progress;
    const room = writer.remaining - CHUNK_HEADER_BYTES;
    const start = job?.next ?? 0;
    const until = job === undefined ? 0 : Math.min(job.end, acked.firstHeld(start));
    const whole = Math.min(room, until - start);
    // What is not the end of something ends where words do, so that the next chunk begins there.
    const odd = start + whole < until ? (start + whole) % WORD_BYTES : 0;
    const length = whole > odd ? whole - odd : whole;
    const again = length > 0 && sent.add(start, start + length) < length;
    copyId(frame.pullerId, transfer.pullerId);
    frame.wireOffset = start;
    frame.length = length;
    frame.pullSeq = job?.pullSeq ?? 0;
    frame.flags =
      (job !== undefined && start + length === job.end ? ChunkFlag.LastOfPull : 0) |
      (again ? ChunkFlag.Retransmission : 0) |
      (ackRequested || job === undefined ? ChunkFlag.AckRequest : 0);
    encodeChunkHeader(writer, frame);
    this.copy(transfer, start, length, writer);
    if (job !== undefined) job.next += length;
    path.servingBytes -= length;
    this.#context.counters.payloadSent += length;
    return length;
  }

  /** Writes bytes of a transfer's payload. */
  copy(transfer: AnnouncedTransfer, start: number, length: number, writer: WireWriter): void {
    const { payload } = transfer;
    const { buffers, packets } = this.#context;
    const { bytes, offset } = writer;
    if (payload instanceof Uint8Array) packets.copy(payload, start, bytes, offset, length);
    else buffers.copyOut(payload, start, length, bytes, offset, packets);
    writer.offset += length;
  }
}

function hasWork({ progress }: AnnouncedTransfer): boolean {
  return progress.jobs.length > 0 || progress.ackRequested;
}

// Recipients of a broadcast share the data key and could forge records for each other. §8.1
function packetProtection(path: Path, { payload }: AnnouncedTransfer): number {
  if (payload instanceof Uint8Array || payload.sealing === undefined) return Protection.Packet;
  if (payload.sealing.protection === PayloadMode.Packet) return Protection.Packet;
  const { dataKey } = payload.sealing;
  const isHeaders =
    path.dataAuth === "headers" && dataKey !== undefined && payload.recipients === 1;
  return isHeaders ? Protection.Headers : Protection.Record;
}
