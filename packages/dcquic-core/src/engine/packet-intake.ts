import { isWireError } from "@proj/wire-types";
import type { OpenVerdict } from "../crypto/receive-keys.js";
import { verifySecretControl, sealSecretControl } from "../crypto/secret-control-seal.js";
import { OVERHEAD_BYTES } from "../sched/leaky-bucket.js";
import { chunk, decodeChunk } from "../wire/chunk.js";
import { FrameType, HEADER_BYTES, PacketType, Protection, ResetCode } from "../wire/constants.js";
import { FrameReader } from "../wire/frame-reader.js";
import { id64, isZeroId } from "../wire/id64.js";
import { decodeHeader, packetHeader } from "../wire/packet-header.js";
import { decodeSecretControl } from "../wire/secret-control.js";
import type { FlowReset } from "../wire/transfer-frames.js";
import { WireReader } from "../wire/wire-reader.js";
import type { Admission } from "./admission.js";
import type { Announcer } from "./announcer.js";
import type { DatagramBatch } from "./batch.js";
import type { EngineContext } from "./context.js";
import type { ChunkIntake } from "./chunk-intake.js";
import type { CreditKeeper } from "./credit-keeper.js";
import type { Doubts } from "./doubts.js";
import type { ForeignPaths } from "./foreign-paths.js";
import type { KeyRetirement } from "./key-retirement.js";
import type { Path } from "./path.js";
import type { PathKeeper } from "./path-keeper.js";
import type { PeerWorker } from "./peer-worker.js";
import type { Puller } from "./puller.js";
import type { StreamCloser } from "./stream-closer.js";

/** Who obeys the frames of a packet. */
export interface IntakeParts {
  /** What the parts share. */
  readonly context: EngineContext;
  /** Finds a path by the credential id at an offset of a slab. */
  readonly pathOf: (bytes: Uint8Array, offset: number) => Path | undefined;
  /** The paths of the host's other workers. */
  readonly foreign: ForeignPaths;
  /** The announcing side. */
  readonly announcer: Announcer;
  /** Which announcements are taken. */
  readonly admission: Admission;
  /** What may be a replay. */
  readonly doubts: Doubts;
  /** The pulling side. */
  readonly puller: Puller;
  /** Takes its bytes. */
  readonly chunks: ChunkIntake;
  /** Closes. */
  readonly closer: StreamCloser;
  /** Feedback, limits, probes. */
  readonly keeper: PathKeeper;
  /** Weighs losses. */
  readonly credit: CreditKeeper;
  /** Tells peers of packets that came twice. */
  readonly retirement: KeyRetirement;
  /** Called for a path whose peer broke the protocol. */
  readonly violated: (path: Path) => void;
  /** Sends a datagram that is no packet of a path. */
  readonly sendRaw: (datagram: Uint8Array, address: number) => void;
}

const ECN_ECT1 = 1;
const ECN_ECT0 = 2;
const ECN_CE = 3;
const CREDENTIAL_OFFSET = 8;
const MAX_OPEN_FAILURES = 2 ** 36;
const NO_TICKET = -1;

/**
 * Takes datagrams: believes nothing before a tag verified, reads a packet whole before any of it takes effect, and lets no
 * byte of a peer throw.
 *
 * @see spec/dcquic.md §7.3, §10, §17
 */
export class PacketIntake {
  readonly #parts: IntakeParts;
  readonly #header = packetHeader();
  readonly #frames = new FrameReader();
  readonly #reader = new WireReader();
  readonly #chunk = chunk();
  // Of the batch that is being taken; packets that were not opened with the others have none.
  readonly #tickets: number[] = [];

  /** Hands frames to `parts`. */
  constructor(parts: IntakeParts) {
    this.#parts = parts;
  }

  /**
   * Takes a batch of datagrams, in order. Their bytes are decrypted in place: those whose path, worker and key are known
   * together, the others when it is their turn.
   */
  receive(nowUs: number, batch: DatagramBatch): void {
    for (let i = 0; i < batch.count; i++) this.#tickets[i] = this.#openLater(batch, i);
    this.#parts.context.packets.openAll();
    for (let i = 0; i < batch.count; i++) this.#take(nowUs, batch, i);
    this.#parts.chunks.settle(nowUs);
  }

  #openLater(batch: DatagramBatch, index: number): number {
    const header = this.#header;
    const offset = batch.offset(index);
    if (decodeHeader(batch.view, offset, batch.length(index), header) !== "packet")
      return NO_TICKET;
    const { context, pathOf } = this.#parts;
    const path = pathOf(batch.bytes, offset + CREDENTIAL_OFFSET);
    if (path === undefined || path.failedStatus !== undefined) return NO_TICKET;
    const worker = path.knownWorker(header.worker);
    if (worker?.packets.check(header.packetNumber) !== "new") return NO_TICKET;
    return worker.keys.openLater(context.packets, batch.bytes, batch.view, offset, header);
  }

  #take(nowUs: number, batch: DatagramBatch, index: number): void {
    const offset = batch.offset(index);
    const length = batch.length(index);
    const verdict = decodeHeader(batch.view, offset, length, this.#header);
    if (verdict === "drop") return;
    if (verdict === "secretControl") {
      this.#secretControl(batch, index);
      return;
    }
    const { context, pathOf } = this.#parts;
    const path = pathOf(batch.bytes, offset + CREDENTIAL_OFFSET);
    if (path === undefined) {
      const at = offset + CREDENTIAL_OFFSET;
      const home = this.#parts.foreign.homeOf(batch.bytes, at);
      if (home !== undefined) {
        const datagram = batch.bytes.slice(offset, offset + length);
        const [address, ecn] = [batch.address(index), batch.ecn(index)];
        this.#parts.foreign.keep({ home, address, ecn, datagram });
        context.counters.handedOver += 1;
        return;
      }
      context.events.push({
        kind: "unknownCredential",
        address: batch.address(index),
        credentialId: batch.bytes.slice(at, at + 16),
        packetBytes: length,
      });
      return;
    }
    if (path.failedStatus !== undefined) return;
    const worker = this.#open(nowUs, path, batch, index);
    if (worker === undefined) return;
    context.dirty.add(path);
    this.#follow(path, worker, batch.address(index));
    this.#count(nowUs, path, worker, batch.ecn(index), length);
    try {
      this.#obey(nowUs, path, worker, batch, offset);
    } catch (error) {
      if (!isWireError(error)) throw error;
      context.note("protocolViolation", path);
    }
  }

  // A peer that is heard from another of its addresses is answered there: it may have lost the one before, and who is not
  // owed an answer would not notice. Only its latest packet says where it is: an old one may come from anywhere.
  #follow(path: Path, worker: PeerWorker, source: number): void {
    if (source === path.address) return;
    const isLatest = this.#header.packetNumber > worker.largest;
    if (isLatest && path.addresses.includes(source)) path.sendTo(source);
  }

  // Window, key and tag; nothing of a worker is kept before one of its packets verified.
  #open(nowUs: number, path: Path, batch: DatagramBatch, index: number): PeerWorker | undefined {
    const header = this.#header;
    const { context, sendRaw } = this.#parts;
    const known = path.knownWorker(header.worker);
    const worker = known ?? path.makeWorker(header.worker);
    const seen = worker.packets.check(header.packetNumber);
    if (seen !== "new") {
      context.note(seen === "seen" ? "replayedPacket" : "belowWindow", path);
      if (seen === "seen") context.counters.replayedPackets += 1;
      else context.counters.packetsBelowWindow += 1;
      if (seen === "seen" && known !== undefined) {
        const { worker: number, keyId, packetNumber } = header;
        this.#parts.retirement.replayed(nowUs, path, number, keyId, packetNumber);
      }
      return undefined;
    }
    const { bytes, view } = batch;
    const offset = batch.offset(index);
    const ticket = this.#tickets[index] ?? NO_TICKET;
    const verdict =
      ticket === NO_TICKET
        ? worker.keys.open(nowUs, path.rtt.ptoUs, bytes, view, offset, header)
        : verdictOf(context.packets.wasOpened(ticket));
    if (verdict === "staleKey") {
      const packet = {
        kind: "staleKey",
        direction: path.direction,
        worker: header.worker,
        credentialId: path.credentialId,
        minKeyId: worker.keys.minKeyId,
      } as const;
      sendRaw(sealSecretControl(context.crypto, path.keys.ownMac, packet), batch.address(index));
      return undefined;
    }
    if (verdict === "failed") {
      path.openFailures += 1;
      context.counters.openFailures += 1;
      if (path.openFailures >= MAX_OPEN_FAILURES) context.askHandshake(path);
      context.note("openFailed", path);
      return undefined;
    }
    worker.packets.commit(header.packetNumber);
    if (known === undefined) path.keepWorker(worker);
    return worker;
  }

  #count(nowUs: number, path: Path, worker: PeerWorker, ecn: number, length: number): void {
    const { keeper, context } = this.#parts;
    const header = this.#header;
    context.counters.packetsReceived += 1;
    context.counters.bytesReceived += length;
    if (ecn === ECN_CE) context.counters.ceMarks += 1;
    worker.packetCount += 1;
    worker.byteCount += length;
    if (ecn === ECN_ECT0) worker.ect0 += 1;
    else if (ecn === ECN_ECT1) worker.ect1 += 1;
    else if (ecn === ECN_CE) worker.ce += 1;
    if (header.packetNumber > worker.largest) {
      worker.largest = header.packetNumber;
      worker.largestClockUs = header.clockUs;
      worker.largestAtUs = nowUs;
    }
    if (header.type === PacketType.Control) {
      worker.controls += 1;
      context.pulls.unasked(nowUs, length + OVERHEAD_BYTES);
      if (ecn === ECN_CE) worker.controlMarks += 1;
    }
    this.#parts.credit.weigh(path, worker);
    keeper.heard(nowUs, path);
    context.pulls.packet(nowUs, ecn === ECN_CE, path.rtt.srttUs);
    if (header.ackEliciting) keeper.owe(nowUs, path, worker);
  }

  #obey(
    nowUs: number,
    path: Path,
    worker: PeerWorker,
    { bytes, view }: DatagramBatch,
    offset: number,
  ): void {
    const start = offset + HEADER_BYTES;
    const end = start + this.#header.payloadLength;
    const { protection } = this.#header;
    if (protection === Protection.Headers && path.dataAuth !== "headers") {
      this.#parts.context.note("protocolViolation", path);
      return;
    }
    if (this.#header.type === PacketType.Data) {
      const reader = this.#reader.aim(bytes, view, start, end);
      while (reader.remaining > 0) decodeChunk(reader, this.#chunk);
      reader.aim(bytes, view, start, end);
      while (reader.remaining > 0) {
        const at = decodeChunk(reader, this.#chunk);
        this.#parts.chunks.take(nowUs, path, this.#chunk, bytes, at, protection);
      }
      return;
    }
    this.#parts.chunks.settle(nowUs);
    const frames = this.#frames.aim(bytes, view, start, end);
    while (frames.next() !== undefined);
    frames.aim(bytes, view, start, end);
    for (let type = frames.next(); type !== undefined; type = frames.next()) {
      if (path.failedStatus !== undefined) return;
      this.#obeyFrame(nowUs, path, worker, type);
    }
  }

  #obeyFrame(nowUs: number, path: Path, worker: PeerWorker, type: number): void {
    const { announcer, admission, doubts, puller, closer, keeper } = this.#parts;
    const frames = this.#frames;
    switch (type) {
      case FrameType.TransferNotify:
        return admission.onNotify(nowUs, path, worker, frames.notify);
      case FrameType.TransferAccept:
        keeper.limits(path, frames.accept.notifyLimit, frames.accept.inlineLimit);
        return announcer.onAccept(nowUs, path, frames.accept);
      case FrameType.PullRequest:
        return announcer.onPull(nowUs, path, frames.pull);
      case FrameType.RangeAck:
        return announcer.onRangeAck(nowUs, path, frames.rangeAck);
      case FrameType.CancelPull:
        return announcer.onCancelPull(path, frames.cancelPull);
      case FrameType.FlowReset:
        return this.#reset(path, worker, frames.flowReset);
      case FrameType.TransferChallenge:
        return announcer.onChallenge(path, frames.challenge);
      case FrameType.TransferChallengeResponse:
        return doubts.onProof(path, worker, frames.challenge);
      case FrameType.Probe: {
        const { probeId } = frames.probe;
        path.outbox.probeResponses.push({
          probeId: id64(probeId.hi, probeId.lo),
          clockUs: this.#header.clockUs,
          atUs: nowUs,
        });
        return;
      }
      case FrameType.ProbeResponse:
        return keeper.onProbeResponse(nowUs, path, frames.probeResponse);
      case FrameType.Feedback:
        return keeper.onFeedback(nowUs, path, frames.feedback);
      case FrameType.StreamClose:
        return closer.onClose(path, frames.streamClose);
      case FrameType.StreamCloseAck:
        return closer.onAck(nowUs, path, frames.streamCloseAck);
      case FrameType.Closed:
        return admission.onClosed(path, worker, frames.closed);
      default:
        return puller.onHold(nowUs, path, frames.pullHold);
    }
  }

  // An id says by itself which role the transfer has here; without one the number of the announcement does.
  #reset(path: Path, worker: PeerWorker, frame: FlowReset): void {
    const { context, admission, announcer, puller } = this.#parts;
    if (isZeroId(frame.addresseeId)) {
      if (frame.notifySeq < 0) return;
      const doubted = worker.live.get(frame.notifySeq);
      if (frame.code === ResetCode.Unknown && doubted?.state !== "challenged") return;
      admission.onVoid(path, worker, frame);
      return;
    }
    const entry = context.transfers.get(frame.addresseeId);
    if (entry === undefined || entry.role === "tombstone") return;
    if (entry.transfer.path !== path.id) return context.note("foreignTransfer", path);
    if (entry.role === "announcer") announcer.onReset(path, entry.transfer, frame);
    else puller.onReset(path, entry.transfer, frame);
  }

  #secretControl(batch: DatagramBatch, index: number): void {
    const offset = batch.offset(index);
    const datagram = batch.bytes.slice(offset, offset + batch.length(index));
    const sealed = decodeSecretControl(datagram);
    if (sealed === undefined) return;
    const { context, pathOf, foreign } = this.#parts;
    const { packet } = sealed;
    const path = pathOf(packet.credentialId, 0);
    if (path === undefined) {
      const home = foreign.homeOf(packet.credentialId, 0);
      if (home === undefined) return;
      const [address, ecn] = [batch.address(index), batch.ecn(index)];
      foreign.keep({ home, address, ecn, datagram });
      context.counters.handedOver += 1;
      return;
    }
    if (packet.kind === "unknownPathSecret") {
      context.events.push({ kind: "unknownPathSecret", path: path.id, token: packet.token });
      return;
    }
    if (packet.direction !== path.peerDirection) return;
    if (!verifySecretControl(context.crypto, path.keys.peerMac, sealed)) {
      context.note("openFailed", path);
      return;
    }
    switch (packet.kind) {
      case "staleKey":
        if (packet.worker !== context.config.worker) return;
        if (!path.sendKeys.raiseTo(packet.minKeyId)) context.note("staleKeyJump", path);
        return;
      case "retireControlKey":
        path.knownWorker(packet.worker)?.keys.retire(packet.keyId);
        return;
      case "retireDataKey":
        context.dataKeys.retire(packet.keyHash);
        return;
      case "replayDetected":
        context.note("replayedPacket", path);
    }
  }
}

function verdictOf(isOpen: boolean): OpenVerdict {
  return isOpen ? "opened" : "failed";
}
