import { chunk, decodeChunk } from "../wire/chunk.js";
import { FrameType, HEADER_BYTES, PacketType, Protection, ResetCode } from "../wire/constants.js";
import { FrameReader } from "../wire/frame-reader.js";
import { id64, isZeroId } from "../wire/id64.js";
import type { PacketHeader } from "../wire/packet-header.js";
import type { FlowReset } from "../wire/transfer-frames.js";
import { WireReader } from "../wire/wire-reader.js";
import type { Admission } from "./admission.js";
import type { AnnouncerIntake } from "./announcer-intake.js";
import type { DatagramBatch } from "./batch.js";
import type { ChunkIntake } from "./chunk-intake.js";
import type { EngineContext } from "./context.js";
import type { Doubts } from "./doubts.js";
import type { Path } from "./path.js";
import type { PathKeeper } from "./path-keeper.js";
import type { PeerWorker } from "./peer-worker.js";
import type { Puller } from "./puller.js";
import type { StreamCloser } from "./stream-closer.js";

/** Who obeys the frames of a packet. */
export interface FrameIntakeParts {
  /** What the parts share. */
  readonly context: EngineContext;
  /** The announcing side. */
  readonly announcer: AnnouncerIntake;
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
}

/**
 * Reads what an authentic packet carries, whole before any of it takes effect, and hands each frame to whom it concerns.
 *
 * @see spec/dcquic.md §9, §17
 */
export class FrameIntake {
  readonly #parts: FrameIntakeParts;
  readonly #frames = new FrameReader();
  readonly #reader = new WireReader();
  readonly #chunk = chunk();
  // Of the frames of a packet, in order.
  readonly #types: number[] = [];

  /** Hands frames to `parts`. */
  constructor(parts: FrameIntakeParts) {
    this.#parts = parts;
  }

  /**
   * Obeys the packet that begins at `offset` of a batch's slab, whose header was decoded.
   *
   * @throws DcquicError `dcquic.malformed`
   */
  obey(
    nowUs: number,
    path: Path,
    worker: PeerWorker,
    header: PacketHeader,
    batch: DatagramBatch,
    offset: number,
  ): void {
    const { protection, type } = header;
    const start = offset + HEADER_BYTES;
    const end = start + header.payloadLength;
    if (protection === Protection.Headers && path.dataAuth !== "headers") {
      this.#parts.context.note("protocolViolation", path);
      return;
    }
    if (type === PacketType.Data) this.#data(nowUs, path, protection, batch, start, end);
    else this.#control(nowUs, path, worker, header, batch, start, end);
  }

  /** Has what was taken take effect. To be called at the end of a batch, before its bytes go. */
  settle(nowUs: number): void {
    this.#parts.chunks.settle(nowUs);
  }

  #data(
    nowUs: number,
    path: Path,
    protection: number,
    { bytes, view }: DatagramBatch,
    start: number,
    end: number,
  ): void {
    const reader = this.#reader.aim(bytes, view, start, end);
    if (reader.remaining === 0) return;
    const first = decodeChunk(reader, this.#chunk);
    // Of bulk bytes each packet carries one chunk.
    if (reader.remaining === 0) {
      this.#parts.chunks.take(nowUs, path, this.#chunk, bytes, first, protection);
      return;
    }
    while (reader.remaining > 0) decodeChunk(reader, this.#chunk);
    reader.aim(bytes, view, start, end);
    while (reader.remaining > 0) {
      const at = decodeChunk(reader, this.#chunk);
      this.#parts.chunks.take(nowUs, path, this.#chunk, bytes, at, protection);
    }
  }

  #control(
    nowUs: number,
    path: Path,
    worker: PeerWorker,
    header: PacketHeader,
    { bytes, view }: DatagramBatch,
    start: number,
    end: number,
  ): void {
    this.#parts.chunks.settle(nowUs);
    const frames = this.#frames.aim(bytes, view, start, end);
    const kept = this.#readAll();
    if (kept === undefined) frames.aim(bytes, view, start, end);
    for (let i = 0; i !== kept && path.failedStatus === undefined; i++) {
      const type = kept === undefined ? frames.next() : this.#types[i];
      if (type === undefined) return;
      this.#frame(nowUs, path, worker, header, type);
    }
  }

  // Reads all frames, so that a malformed one spoils those before it, too. Returns how many there are, where what was read of
  // each is still there: of two of one kind only the latter is, but for announcements, and they have to be read once more, one
  // by one.
  #readAll(): number | undefined {
    let kinds = 0;
    let count = 0;
    let isKept = true;
    for (let type = this.#frames.next(); type !== undefined; type = this.#frames.next()) {
      const kind = 1 << kindOf(type);
      if ((kinds & kind) !== 0 && type !== FrameType.TransferNotify) isKept = false;
      this.#types[count++] = type;
      kinds |= kind;
    }
    return isKept && this.#frames.keepsNotifies ? count : undefined;
  }

  #frame(nowUs: number, path: Path, worker: PeerWorker, header: PacketHeader, type: number): void {
    const { announcer, admission, doubts, puller, closer, keeper } = this.#parts;
    const frames = this.#frames;
    switch (type) {
      case FrameType.TransferNotify:
        return admission.onNotify(nowUs, path, worker, frames.takeNotify());
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
          clockUs: header.clockUs,
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
    if (entry.path !== path.id) return context.note("foreignTransfer", path);
    if (entry.role === "announcer") announcer.onReset(path, entry, frame);
    else puller.onReset(path, entry, frame);
  }
}

// A challenge and its answer are read into the same place.
function kindOf(type: number): number {
  return type === FrameType.TransferChallengeResponse ? FrameType.TransferChallenge : type;
}
