import type { RmaRead } from "../rma/rma-port.js";
import { type RecordLayout, wireBytesOf } from "../crypto/records.js";
import type { PulledTransfer } from "../transfer/pulled-transfer.js";
import {
  type AssembledRecord,
  type LendMemory,
  RecordAssembly,
} from "../transfer/record-assembly.js";
import type { Tombstone } from "../transfer/tombstones.js";
import type { Chunk } from "../wire/chunk.js";
import { ChunkFlag, NO_NOTIFY_SEQ, Protection, ResetCode, TAG_BYTES } from "../wire/constants.js";
import type { Id64 } from "../wire/id64.js";
import type { FlowReset, PullHold } from "../wire/transfer-frames.js";
import type { EngineContext } from "./context.js";
import type { CreditKeeper } from "./credit-keeper.js";
import type { Doubts } from "./doubts.js";
import { tellFailed } from "./mismatch.js";
import type { Offers } from "./offers.js";
import type { Path } from "./path.js";
import type { PullLoop } from "./pull-loop.js";
import { Status, statusOfReset } from "./status.js";

const MAX_INTEGRITY_FAILURES = 3;
const MIN_RECORD_LOG2 = 14;
// Messages without records are told in parts as long as records are by default.
const PART_LOG2 = 16;
const NOTHING = new Uint8Array(0);

/** How records of an accepted transfer are told one by one. */
export interface PlacedAccept {
  /** Bytes of records that may be told and not yet used; pulling waits beyond. */
  readonly windowBytes: number;
  /** Lends memory in which records are to lie; absent where none is lent. */
  readonly lend?: LendMemory | undefined;
}

/** What a {@link Puller} works with. */
export interface PullerParts {
  /** What the parts share. */
  readonly context: EngineContext;
  /** Asks for bytes. */
  readonly loop: PullLoop;
  /** Gives credit back. */
  readonly credit: CreditKeeper;
  /** Offers transfers. */
  readonly offers: Offers;
  /** Takes proofs of what may be a replay. */
  readonly doubts: Doubts;
}

/**
 * The pulling side: what becomes of the bytes of accepted transfers, and how transfers from peers end.
 *
 * @see spec/dcquic.md §6, §9, §13
 */
export class Puller {
  readonly #context: EngineContext;
  readonly #loop: PullLoop;
  readonly #credit: CreditKeeper;
  readonly #offers: Offers;
  readonly #doubts: Doubts;

  /** Hands on to `parts`. */
  constructor(parts: PullerParts) {
    this.#context = parts.context;
    this.#loop = parts.loop;
    this.#credit = parts.credit;
    this.#offers = parts.offers;
    this.#doubts = parts.doubts;
  }

  /**
   * Tells which transfer the chunk of a DATA packet, which was protected in this way, brings bytes of: `undefined` where it
   * brings none that are wanted.
   */
  expects(path: Path, chunk: Chunk, protection: number): PulledTransfer | undefined {
    const entry = this.#context.transfers.get(chunk.pullerId);
    if (entry?.role === "tombstone" && entry.tombstone.path === path.id) {
      if (entry.tombstone.status !== Status.Ok) tellFailed(path, entry.tombstone);
      else path.outbox.completeAcks.push(entry.tombstone.announcerId);
      return undefined;
    }
    if (entry?.role !== "puller" || entry.transfer.path !== path.id) return undefined;
    const { transfer } = entry;
    if (transfer.state === "tentative") this.#doubts.believe(path, transfer);
    if ((chunk.flags & ChunkFlag.AckRequest) !== 0) this.#queueAck(path, transfer);
    if (chunk.length === 0) return undefined;
    if (transfer.state !== "pulling" || transfer.assembly === undefined) return undefined;
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
    if (transfer.state !== "pulling" || transfer.assembly === undefined) return;
    const start = read.wireOffset;
    const end = start + read.length;
    const { received, assembly } = transfer;
    assembly.writeMissing(this.#context.packets, received, start, end, slab, at);
    this.#arrived(nowUs, path, transfer, start, end);
  }

  #arrived(nowUs: number, path: Path, transfer: PulledTransfer, start: number, end: number): void {
    this.#context.packets.copyAll();
    const { counters } = this.#context;
    const fresh = transfer.received.add(start, end);
    counters.payloadReceived += fresh;
    counters.duplicateBytes += end - start - fresh;
    this.#context.pulls.arrived(nowUs, path.sender, end - start, path.rtt.srttUs);
    const isPartDone = this.#loop.settle(path, transfer);
    this.#finishParts(nowUs, path, transfer, start, end);
    if (transfer.assembly === undefined) return;
    if (transfer.verified.covered === transfer.wireBytes) {
      this.#assembled(nowUs, path, transfer);
      return;
    }
    if (isPartDone) this.#queueAck(path, transfer);
    this.#loop.arm(transfer);
  }

  /** Obeys a PULL_HOLD: the answer will come later. §9.8 */
  onHold(nowUs: number, path: Path, frame: PullHold): void {
    const transfer = this.#own(path, frame.pullerId);
    const pull = transfer?.pulls.find(({ seq }) => seq === frame.pullSeq);
    if (transfer === undefined || pull === undefined) return;
    const longest = this.#context.config.maxPtoUs;
    pull.dueUs = Math.max(pull.dueUs, nowUs + Math.min(frame.delayUs, longest) + path.rtt.ptoUs);
    this.#loop.arm(transfer);
  }

  /** Obeys a FLOW_RESET that names a transfer from the peer. */
  onReset(path: Path, transfer: PulledTransfer, frame: FlowReset): void {
    this.fail(path, transfer, statusOfReset(frame.code));
  }

  /** Begins to pull an offered transfer: into memory of its own, or to be told part by part. */
  accept(nowUs: number, path: Path, transfer: PulledTransfer, placed?: PlacedAccept): void {
    if (transfer.state !== "offered") throw new TypeError(`a transfer that is ${transfer.state}`);
    transfer.state = "pulling";
    if (transfer.inline !== undefined) {
      if (placed === undefined) return this.#deliver(path, transfer, transfer.inline);
      if (transfer.inline.length > 0) {
        this.#place(path, transfer, { offset: 0, bytes: transfer.inline, inPlace: false });
      }
      return this.#deliver(path, transfer, NOTHING);
    }
    const layout = layoutOf(transfer);
    if (layout === undefined) return this.#distrust(path, transfer);
    const { crypto, dataKeys } = this.#context;
    const { binding, dataKey, isSealed, wireBytes } = transfer;
    const assembly = new RecordAssembly(crypto, wireBytes, {
      layout,
      binding,
      aead: isSealed && dataKey !== undefined ? dataKeys.aead(dataKey) : undefined,
      keep: placed === undefined ? "whole" : "parts",
      spare: this.#context.spare,
      lend: placed?.lend,
    });
    transfer.assembly = assembly;
    if (placed !== undefined) {
      // Less than a part can never be used.
      transfer.placedWindow = Math.max(placed.windowBytes, 2 * assembly.strideBytes);
    }
    if (wireBytes === 0) return this.#assembled(nowUs, path, transfer);
    this.#loop.enqueue(path, transfer);
  }

  /** Notes that so many bytes of placed parts were used, so that more may be pulled. */
  placed(path: Path, transfer: PulledTransfer, bytes: number): void {
    // On the wire a part is longer than what was used of it.
    const parts = Math.ceil(bytes / 2 ** (transfer.isSealed ? transfer.recordLog2 : PART_LOG2));
    transfer.placedUsed += bytes + (transfer.isSealed ? parts * TAG_BYTES : 0);
    if (transfer.state === "pulling") this.#loop.resume(path, transfer);
  }

  /** Goes on with a transfer on another path of its peer: what is missing is asked for there. §10.4 */
  move(from: Path, to: Path, transfer: PulledTransfer): void {
    const isPulling = transfer.state === "pulling" && transfer.assembly !== undefined;
    const wasWanting = transfer.nextPull < transfer.wireBytes && !transfer.isStalled;
    if (isPulling && wasWanting) this.#context.pulls.want(from.sender, -1);
    transfer.timer = this.#context.disarm(transfer.timer);
    this.#loop.cancel(from, transfer);
    transfer.ackQueued = false;
    transfer.path = to.id;
    this.#context.end(from);
    this.#context.begin(this.#context.nowUs, to);
    if (!isPulling) return;
    transfer.isStalled = false;
    transfer.nextPull = transfer.received.firstGap(0);
    if (transfer.nextPull < transfer.wireBytes) this.#loop.enqueue(to, transfer);
  }

  /** Ends an offered or running transfer from the peer. The peer hears of it by the stream's close. */
  reject(path: Path, transfer: PulledTransfer): void {
    if (transfer.pulls.length > 0) path.outbox.cancelPulls.push(transfer.announcerId);
    path.outbox.resets.push({
      addresseeId: transfer.announcerId,
      ownId: transfer.id,
      notifySeq: NO_NOTIFY_SEQ,
      code: ResetCode.Cancelled,
    });
    this.#finish(path, transfer, Status.Rejected);
  }

  /** Notes that the application used a delivered transfer: its announcement is finished, and credit returns. */
  consume(path: Path, transfer: PulledTransfer): void {
    if (transfer.state !== "delivered") throw new TypeError(`a transfer that is ${transfer.state}`);
    this.#finish(path, transfer, Status.Ok);
  }

  /** Ends a transfer from the peer that cannot succeed any more. */
  fail(path: Path, transfer: PulledTransfer, status: number): void {
    const wasTold = transfer.state === "offered" || transfer.state === "pulling";
    if (wasTold) {
      this.#context.events.push({
        kind: "transferFailed",
        path: path.id,
        transfer: transfer.id,
        side: "puller",
        status,
        rootCause: undefined,
      });
    }
    if (transfer.state === "delivered") return;
    this.#finish(path, transfer, status);
  }

  /** The transfer's timer ran out: what is missing is asked for again. */
  onTimer(nowUs: number, path: Path, transfer: PulledTransfer): void {
    if (this.#loop.firedEarly(nowUs, transfer)) return;
    if (this.#loop.isBusy(nowUs, path, transfer)) return;
    path.rtt.expired(nowUs);
    path.health.sample(nowUs, 1);
    if (transfer.state === "challenged" || transfer.state === "tentative") {
      this.#doubts.onTimer(path, transfer);
      return;
    }
    for (const pull of transfer.pulls) {
      if (pull.sentUs < 0 || pull.dueUs > nowUs) continue;
      this.#context.counters.pullsRepeatedTimer += 1;
      this.#loop.repull(path, transfer, pull);
    }
    this.#loop.arm(transfer);
  }

  /**
   * Fails everything that needs more of a peer that is gone. What arrived whole with its announcement was acknowledged, so it
   * is still the application's, unless the path itself goes.
   */
  failAll(path: Path, status: number): void {
    for (const worker of path.workers) {
      for (const transfer of worker.live.values()) {
        const isWhole = transfer.inline !== undefined && transfer.state !== "challenged";
        if (!isWhole || status === Status.GoingAway) this.fail(path, transfer, status);
      }
    }
  }

  #queueAck(path: Path, transfer: PulledTransfer): void {
    if (transfer.ackQueued) return;
    transfer.ackQueued = true;
    path.outbox.acks.push(transfer);
  }

  // Every part that is whole now is verified, and given away where it was placed.
  #finishParts(nowUs: number, path: Path, transfer: PulledTransfer, start: number, end: number) {
    const { assembly, received, verified } = transfer;
    if (assembly === undefined) return;
    for (let index = assembly.indexOf(start); index <= assembly.indexOf(end - 1); index++) {
      const [from, to] = [assembly.startOf(index), assembly.endOf(index)];
      if (verified.covers(from, to) || !received.covers(from, to)) continue;
      const part = assembly.finish(index);
      if (part === undefined) {
        if (!this.#mistrust(path, transfer, from, to)) return;
        this.#pullAgain(nowUs, path, transfer, from, to);
        continue;
      }
      verified.add(from, to);
      if (transfer.placedWindow !== Number.POSITIVE_INFINITY) this.#place(path, transfer, part);
    }
  }

  #place(path: Path, transfer: PulledTransfer, part: AssembledRecord): void {
    this.#context.events.push({
      kind: "recordPlaced",
      path: path.id,
      transfer: transfer.id,
      offset: part.offset,
      bytes: part.bytes,
      inPlace: part.inPlace,
    });
  }

  #assembled(nowUs: number, path: Path, transfer: PulledTransfer): void {
    const { assembly } = transfer;
    if (assembly !== undefined && !assembly.isBound()) {
      // What was given away, or acknowledged, cannot be asked for again.
      const isPlaced = transfer.placedWindow !== Number.POSITIVE_INFINITY;
      if (isPlaced || transfer.wasAcknowledged) return this.#distrust(path, transfer);
      if (!this.#mistrust(path, transfer, 0, transfer.wireBytes)) return;
      transfer.nextPull = 0;
      this.#loop.enqueue(path, transfer);
      return;
    }
    path.outbox.completeAcks.push(transfer.announcerId);
    path.health.sample(nowUs, 0);
    this.#deliver(path, transfer, assembly?.takeWhole() ?? NOTHING);
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
    transfer.integrityFailures += 1;
    if (transfer.integrityFailures >= MAX_INTEGRITY_FAILURES) {
      this.#distrust(path, transfer);
      return false;
    }
    transfer.received.remove(start, end);
    transfer.verified.remove(start, end);
    return true;
  }

  #distrust(path: Path, transfer: PulledTransfer): void {
    path.outbox.resets.push({
      addresseeId: transfer.announcerId,
      ownId: transfer.id,
      notifySeq: NO_NOTIFY_SEQ,
      code: ResetCode.Integrity,
    });
    this.fail(path, transfer, Status.IntegrityFailed);
  }

  #deliver(path: Path, transfer: PulledTransfer, bytes: Uint8Array): void {
    transfer.state = "delivered";
    transfer.timer = this.#context.disarm(transfer.timer);
    this.#context.events.push({
      kind: "transferDelivered",
      path: path.id,
      transfer: transfer.id,
      bytes,
    });
  }

  #finish(path: Path, transfer: PulledTransfer, status: number): void {
    const worker = path.knownWorker(transfer.worker);
    const { transfers, pulls } = this.#context;
    if (transfer.state === "challenged") this.#doubts.uncount(transfer);
    if (transfer.state === "pulling" && transfer.inline === undefined) {
      const isWanting = transfer.nextPull < transfer.wireBytes && !transfer.isStalled;
      if (isWanting && transfer.assembly !== undefined) pulls.want(path.sender, -1);
    }
    transfer.timer = this.#context.disarm(transfer.timer);
    this.#loop.cancel(path, transfer);
    transfer.state = "delivered";
    transfer.assembly = undefined;
    this.#credit.finished(path, transfer);
    worker?.live.delete(transfer.notifySeq);
    const tombstone: Tombstone = {
      path: path.id,
      announcerId: transfer.announcerId,
      pullerId: transfer.id,
      status,
      pulled: transfer.inline === undefined,
    };
    transfers.replace(transfer.id, { role: "tombstone", tombstone });
    worker?.tombstones.add(transfer.notifySeq, tombstone);
    if (worker !== undefined) this.#offers.markDone(worker, transfer);
    this.#context.end(path);
  }

  #own(path: Path, id: Id64): PulledTransfer | undefined {
    const entry = this.#context.transfers.get(id);
    return entry?.role === "puller" && entry.transfer.path === path.id ? entry.transfer : undefined;
  }
}

// How a message is cut, or `undefined` when its announcement contradicts itself.
function layoutOf(transfer: PulledTransfer): RecordLayout | undefined {
  const { isSealed, messageNumber, protection, recordLog2, totalBytes, wireBytes } = transfer;
  if (!isSealed) {
    const isOpaque = protection !== Protection.Packet;
    if (!isOpaque && totalBytes !== wireBytes) return undefined;
    return { recordLog2: PART_LOG2, totalBytes: wireBytes, messageNumber: 0 };
  }
  const layout = { recordLog2, totalBytes, messageNumber };
  return recordLog2 >= MIN_RECORD_LOG2 && wireBytesOf(layout) === wireBytes ? layout : undefined;
}
