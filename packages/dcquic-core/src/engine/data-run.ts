import { OVERHEAD_BYTES } from "../sched/leaky-bucket.js";
import type { AnnouncedTransfer } from "../transfer/announced-transfer.js";
import {
  AROUND_CHUNK_BYTES,
  chunk,
  encodeChunkHeader,
  fullChunkBytes,
  WORD_BYTES,
} from "../wire/chunk.js";
import { CHUNK_HEADER_BYTES, HEADER_BYTES } from "../wire/constants.js";
import { copyId } from "../wire/id64.js";
import { WireWriter } from "../wire/wire-writer.js";
import type { DatagramBatch } from "./batch.js";
import type { EngineContext } from "./context.js";
import type { DataBuilder } from "./data-builder.js";
import type { PacketSealer } from "./packet-sealer.js";
import type { Path } from "./path.js";

/**
 * Sends the DATA packets of a pull that are alike, full and of one new chunk each, in one go: what is asked and accounted for a
 * packet is asked and accounted once for all of them.
 *
 * @see spec/dcquic.md §12, §22
 */
export class DataRun {
  readonly #context: EngineContext;
  readonly #data: DataBuilder;
  readonly #sealer: PacketSealer;
  readonly #chunk = chunk();
  readonly #writer = new WireWriter();

  /** `data` knows what waits, `sealer` takes what is built. */
  constructor(context: EngineContext, data: DataBuilder, sealer: PacketSealer) {
    this.#context = context;
    this.#data = data;
    this.#sealer = sealer;
  }

  /**
   * Adds at most `most` packets of `transfer`, which is the next to be served, to `into`, and returns how many: 0 where the
   * next one is not such a packet, or may not go now.
   */
  emit(
    nowUs: number,
    path: Path,
    transfer: AnnouncedTransfer,
    most: number,
    into: DatagramBatch,
  ): number {
    const { acked, ackRequested, jobs, sent } = transfer.progress;
    const [job] = jobs;
    const { serveQueue, serveScheduler } = path;
    const { occupied } = serveQueue;
    const isAlone = (occupied & (occupied - 1)) === 0;
    if (job === undefined || ackRequested || !isAlone) return 0;
    const start = job.next;
    const length = fullChunkBytes(path.mtu.bytes);
    if (start % WORD_BYTES !== 0 || job.end - start <= length) return 0;
    const until = Math.min(job.end, acked.firstHeld(start));
    // What ends the pull, or was sent before, says so.
    const whole = Math.ceil((until - start) / length) - 1;
    const datagram = AROUND_CHUNK_BYTES + length;
    const count = Math.min(whole, most, this.#mayGo(nowUs, path, datagram), into.room(datagram));
    const end = start + count * length;
    if (count <= 0 || sent.firstHeld(start) < end) return 0;
    this.#write(transfer, job.pullSeq, start, length, count, into);
    this.#sealer.seal(nowUs, path, into, count, CHUNK_HEADER_BYTES + length, datagram);
    sent.add(start, end);
    job.next = end;
    const bytes = count * length;
    path.servingBytes -= bytes;
    this.#context.counters.payloadSent += bytes;
    serveScheduler.charge(serveScheduler.select(occupied), bytes, occupied);
    path.wish.sent(nowUs, count * datagram);
    return count;
  }

  // As many as each by itself would be let go: by its key, the NIC, the window and pace of the path, and the peer's wish.
  #mayGo(nowUs: number, path: Path, datagram: number): number {
    return Math.min(
      path.sendKeys.burst(datagram),
      this.#context.nic.burst(nowUs, datagram + OVERHEAD_BYTES),
      path.congestion.burst(nowUs, datagram),
      path.wish.burst(nowUs, datagram),
    );
  }

  #write(
    transfer: AnnouncedTransfer,
    pullSeq: number,
    start: number,
    length: number,
    count: number,
    into: DatagramBatch,
  ): void {
    const frame = this.#chunk;
    const writer = this.#writer;
    copyId(frame.pullerId, transfer.pullerId);
    frame.wireOffset = start;
    frame.length = length;
    frame.pullSeq = pullSeq;
    const first = into.usedBytes + HEADER_BYTES;
    const end = first + (count - 1) * (AROUND_CHUNK_BYTES + length) + CHUNK_HEADER_BYTES + length;
    writer.aim(into.bytes, into.view, first, end);
    encodeChunkHeader(writer, frame);
    for (let i = 0; i < count; i++) {
      writer.offset = first + i * (AROUND_CHUNK_BYTES + length) + CHUNK_HEADER_BYTES;
      this.#data.copy(transfer, start + i * length, length, writer);
    }
  }
}
