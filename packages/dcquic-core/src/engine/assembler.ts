import { type RecordLayout, wireBytesOf } from "../crypto/records.js";
import type { RmaRead } from "../rma/rma-port.js";
import type { PulledTransfer } from "../transfer/pulled-transfer.js";
import { type AssembledRecord, RecordAssembly } from "../transfer/record-assembly.js";
import type { Chunk } from "../wire/chunk.js";
import { ChunkFlag, Protection, TAG_BYTES } from "../wire/constants.js";
import type { EngineContext } from "./context.js";
import type { Doubts } from "./doubts.js";
import { tellFailed } from "./mismatch.js";
import type { Path } from "./path.js";
import type { PullLoop } from "./pull-loop.js";
import type { PlacedAccept } from "./puller.js";
import { Status } from "./status.js";

const MAX_INTEGRITY_FAILURES = 3;
const MIN_RECORD_LOG2 = 14;
// Messages without records are told in parts as long as records are by default.
const PART_LOG2 = 16;
const NOTHING = new Uint8Array(0);

/** Who is told what became of the bytes of a transfer. */
export interface AssemblerOwner {
  /** A part is here that the application wants one by one. */
  place(path: Path, transfer: PulledTransfer, part: AssembledRecord): void;
  /** All bytes are here. */
  deliver(path: Path, transfer: PulledTransfer, bytes: Uint8Array): void;
  /** The bytes are not what the announcer sealed. */
  distrust(path: Path, transfer: PulledTransfer): void;
  /** Memory that the application lent for the bytes of a part was taken away before the part was whole. */
  misplace(path: Path, transfer: PulledTransfer): void;
}

/**
 * Puts the bytes of accepted transfers together as they arrive: what is whole is verified, and given away or delivered; what
 * does not verify is pulled again, a few times.
 *
 * @see spec/dcquic.md §6, §8.2, §9
 */
export class Assembler {
  readonly #context: EngineContext;
  readonly #loop: PullLoop;
  readonly #doubts: Doubts;
  readonly #owner: AssemblerOwner;

  /** Has `loop` ask for bytes and `doubts` believe in transfers whose bytes come; `owner` hears of the rest. */
  constructor(context: EngineContext, loop: PullLoop, doubts: Doubts, owner: AssemblerOwner) {
    this.#context = context;
    this.#loop = loop;
    this.#doubts = doubts;
    this.#owner = owner;
  }

  /** Begins to pull a transfer: into memory of its own, or to be told part by part. */
  begin(
    nowUs: number,
    path: Path,
    transfer: PulledTransfer,
    placed: PlacedAccept | undefined,
  ): void {
    const layout = layoutOf(transfer);
    if (layout === undefined) return this.#owner.distrust(path, transfer);
    const { crypto, dataKeys } = this.#context;
    const { isSealed, progress, wireBytes } = transfer;
    const { binding, dataKey } = transfer.source.seal;
    const assembly = new RecordAssembly(crypto, wireBytes, {
      layout,
      binding,
      aead: isSealed && dataKey !== undefined ? dataKeys.aead(dataKey) : undefined,
      keep: placed === undefined ? "whole" : "parts",
      spare: this.#context.spare,
      lend: placed?.lend,
    });
    progress.assembly = assembly;
    if (placed !== undefined) {
      // Less than a part can never be used.
      progress.placedWindow = Math.max(placed.windowBytes, 2 * assembly.strideBytes);
    }
    if (wireBytes === 0) return this.#assembled(nowUs, path, transfer);
    this.#loop.enqueue(path, transfer);
  }

  /** Notes that so many bytes of placed parts were used, so that more may be pulled. */
  placed(path: Path, transfer: PulledTransfer, bytes: number): void {
    // On the wire a record is longer than what was used of it.
    const { recordLog2 } = transfer.source.seal;
    const records = transfer.isSealed ? Math.ceil(bytes / 2 ** recordLog2) : 0;
    transfer.progress.placedUsed += bytes + records * TAG_BYTES;
    if (transfer.state === "pulling") this.#loop.resume(path, transfer);
  }

  /**
   * Tells which transfer the chunk of a DATA packet, which was protected in this way, brings bytes of: `undefined` where it
   * brings none that are wanted.
   */
  expects(path: Path, chunk: Chunk, protection: number): PulledTransfer | undefined {
    const entry = this.#context.transfers.get(chunk.pullerId);
    if (entry?.role === "tombstone" && entry.path === path.id) {
      if (entry.status !== Status.Ok) tellFailed(path, entry);
      else path.outbox.completeAcks.push(entry.announcerId);
      return undefined;
    }
    if (entry?.role !== "puller" || entry.path !== path.id) return undefined;
    const transfer = entry;
    if (transfer.state === "tentative") this.#doubts.believe(path, transfer);
    if ((chunk.flags & ChunkFlag.AckRequest) !== 0) this.#queueAck(path, transfer);
    if (chunk.length === 0) return undefined;
    if (!transfer.isAssembling) return undefined;
    // Bytes that no packet authenticates must be those of records.
    const isUnproved = protection === Protection.Headers && !transfer.isSealed;
    if (isUnproved || chunk.wireOffset + chunk.length > transfer.wireBytes) {
      this.#context.note("protocolViolation", path);
      return undefined;
    }
    return transfer;
  }

  /** Takes a chunk of an expected transfer, all of whose bytes are where they belong. */
  onChunk(nowUs: number, path: Path, transfer: PulledTransfer, chunk: Chunk): void {
    this.#loop.answered(nowUs, path, transfer, chunk);
    this.#arrived(nowUs, path, transfer, chunk.wireOffset, chunk.wireOffset + chunk.length);
  }

  /** Takes bytes that were read from the announcer's memory; like DATA they count once they verify. §16.3 */
  onRead(
    nowUs: number,
    path: Path,
    transfer: PulledTransfer,
    read: RmaRead,
    slab: Uint8Array,
    at: number,
  ): void {
    if (!transfer.isAssembling) return;
    const start = read.wireOffset;
    const end = start + read.length;
    const { received, assembly } = transfer.progress;
    assembly?.writeMissing(this.#context.packets, received, start, end, slab, at);
    this.#arrived(nowUs, path, transfer, start, end);
  }

  #arrived(nowUs: number, path: Path, transfer: PulledTransfer, start: number, end: number): void {
    this.#context.packets.copyAll();
    const { counters } = this.#context;
    const { progress } = transfer;
    const fresh = progress.received.add(start, end);
    counters.payloadReceived += fresh;
    counters.duplicateBytes += end - start - fresh;
    if (this.#context.watched !== 0) this.#tellFirst(path, transfer, fresh);
    this.#context.pulls.arrived(nowUs, path.sender, end - start, path.rtt.srttUs);
    const isPartDone = this.#loop.settle(path, transfer);
    const { assembly } = progress;
    this.#finishParts(nowUs, path, transfer, start, end);
    assembly?.endStep();
    if (progress.assembly === undefined) return;
    if (progress.verified.covered === transfer.wireBytes) {
      this.#assembled(nowUs, path, transfer);
      return;
    }
    if (isPartDone) this.#queueAck(path, transfer);
    this.#loop.arm(transfer);
  }

  #tellFirst(path: Path, { id, progress }: PulledTransfer, fresh: number): void {
    const isFirst = fresh > 0 && progress.received.covered === fresh;
    if (isFirst) this.#context.tellPhase("transferReceiving", path, id);
  }

  #queueAck(path: Path, transfer: PulledTransfer): void {
    const { progress } = transfer;
    if (progress.ackQueued) return;
    progress.ackQueued = true;
    path.outbox.acks.push(transfer);
  }

  // Every part that is whole now is verified, and given away where it was placed.
  #finishParts(nowUs: number, path: Path, transfer: PulledTransfer, start: number, end: number) {
    const { assembly, isPlaced, received, verified } = transfer.progress;
    if (assembly === undefined) return;
    for (let index = assembly.indexOf(start); index <= assembly.indexOf(end - 1); index++) {
      const [from, to] = [assembly.startOf(index), assembly.endOf(index)];
      if (verified.covers(from, to) || !received.covers(from, to)) continue;
      const part = assembly.finish(index);
      if (part === undefined) {
        // What has no records was acknowledged as it came: it cannot be asked for again.
        if (!transfer.isSealed) return this.#owner.misplace(path, transfer);
        if (!this.#mistrust(path, transfer, from, to)) return;
        this.#pullAgain(nowUs, path, transfer, from, to);
        continue;
      }
      verified.add(from, to);
      if (isPlaced) this.#owner.place(path, transfer, part);
    }
  }

  #assembled(nowUs: number, path: Path, transfer: PulledTransfer): void {
    const { progress } = transfer;
    const { assembly } = progress;
    if (assembly !== undefined && !assembly.isBound()) {
      // What was given away, or acknowledged, cannot be asked for again.
      if (progress.isPlaced || progress.wasAcknowledged) {
        return this.#owner.distrust(path, transfer);
      }
      if (!this.#mistrust(path, transfer, 0, transfer.wireBytes)) return;
      progress.nextPull = 0;
      this.#loop.enqueue(path, transfer);
      return;
    }
    path.outbox.completeAcks.push(transfer.announcerId);
    path.health.sample(nowUs, 0);
    this.#owner.deliver(path, transfer, assembly?.takeWhole() ?? NOTHING);
  }

  #pullAgain(nowUs: number, path: Path, transfer: PulledTransfer, start: number, end: number) {
    const { pullQuantumBytes } = this.#context.config;
    for (let from = start; from < end; from += pullQuantumBytes) {
      this.#context.counters.pullsRepeatedIntegrity += 1;
      this.#loop.pullAgain(nowUs, path, transfer, from, Math.min(end, from + pullQuantumBytes));
    }
  }

  // The bytes are not what the announcer sealed: they are pulled again, a few times. Says whether the transfer goes on.
  #mistrust(path: Path, transfer: PulledTransfer, start: number, end: number): boolean {
    this.#context.note("integrityFailed", path);
    const { progress } = transfer;
    progress.integrityFailures += 1;
    if (progress.integrityFailures >= MAX_INTEGRITY_FAILURES) {
      this.#owner.distrust(path, transfer);
      return false;
    }
    progress.received.remove(start, end);
    progress.verified.remove(start, end);
    return true;
  }
}

// How a message is cut, or `undefined` when its announcement contradicts itself.
function layoutOf(transfer: PulledTransfer): RecordLayout | undefined {
  const { isSealed, totalBytes, wireBytes } = transfer;
  const { messageNumber, protection, recordLog2 } = transfer.source.seal;
  if (!isSealed) {
    const isOpaque = protection !== Protection.Packet;
    if (!isOpaque && totalBytes !== wireBytes) return undefined;
    return { recordLog2: PART_LOG2, totalBytes: wireBytes, messageNumber: 0 };
  }
  const layout = { recordLog2, totalBytes, messageNumber };
  return recordLog2 >= MIN_RECORD_LOG2 && wireBytesOf(layout) === wireBytes ? layout : undefined;
}
