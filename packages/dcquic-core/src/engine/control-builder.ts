import { FrameType, ProbeFlag, PullFlag, RangeAckFlag, WireLimit } from "../wire/constants.js";
import { copyId, id64, setCounter } from "../wire/id64.js";
import {
  closed,
  encodeClosed,
  encodeFeedback,
  encodeProbe,
  encodeProbeResponse,
  encodeTransferAccept,
  entryAt,
  feedback,
  transferAccept,
} from "../wire/path-frames.js";
import { RangeList } from "../wire/ranges.js";
import { encodeStreamClose, encodeStreamCloseAck } from "../wire/stream-frames.js";
import {
  encodeCancelPull,
  encodeChallenge,
  encodeChallengeResponse,
  encodeFlowReset,
  encodePullHold,
  encodePullRequest,
  encodeRangeAck,
  pullRequest,
  rangeAck,
} from "../wire/transfer-frames.js";
import type { WireWriter } from "../wire/wire-writer.js";
import type { Fifo } from "../sched/fifo.js";
import type { Announcer } from "./announcer.js";
import type { EngineContext } from "./context.js";
import type { CreditKeeper } from "./credit-keeper.js";
import type { Doubts } from "./doubts.js";
import { NotifyBuilder } from "./notify-builder.js";
import type { Repull } from "./outbox.js";
import type { Path } from "./path.js";
import type { PullLoop } from "./pull-loop.js";
import { isPending, type StreamCloser } from "./stream-closer.js";

const ACCEPT_BYTES = 17;
const ACCEPT_FRAME_OVERHEAD = 18;
const PROBE_BYTES = 10;

/**
 * Fills the payloads of CONTROL packets from what waits on a path: answers first, then pulls, then announcements.
 *
 * A frame is taken from its queue once it is written, and whoever owns it is told the packet's number and time, from which
 * the timers run.
 *
 * @see spec/dcquic.md §9, §13
 */
export class ControlBuilder {
  readonly #context: EngineContext;
  readonly #notifies: NotifyBuilder;
  readonly #doubts: Doubts;
  readonly #loop: PullLoop;
  readonly #closer: StreamCloser;
  readonly #credit: CreditKeeper;
  readonly #pull = pullRequest();
  readonly #accept = transferAccept();
  readonly #ack = rangeAck();
  readonly #feedback = feedback();
  readonly #closed = closed();
  readonly #noRanges = new RangeList();
  readonly #probeId = id64();

  /** Reports to those who own what is sent. */
  constructor(
    context: EngineContext,
    owners: {
      readonly announcer: Announcer;
      readonly doubts: Doubts;
      readonly loop: PullLoop;
      readonly closer: StreamCloser;
      readonly credit: CreditKeeper;
    },
  ) {
    this.#context = context;
    this.#notifies = new NotifyBuilder(context, owners.announcer);
    this.#doubts = owners.doubts;
    this.#loop = owners.loop;
    this.#closer = owners.closer;
    this.#credit = owners.credit;
  }

  /** Writes as many frames as fit. Returns whether the packet is ack-eliciting. */
  build(nowUs: number, path: Path, packet: number, writer: WireWriter): boolean {
    const start = writer.offset;
    const { outbox } = path;
    this.#accepts(path, writer);
    // Most packets of calls have none of these.
    if (outbox.hasAnswers) this.#answers(nowUs, path, writer);
    if (outbox.hasAcks) this.#acks(path, writer);
    const passive = writer.offset;
    if (outbox.hasQuestions) this.#questions(nowUs, path, packet, writer);
    if (path.probeFlags >= 0) this.#probe(nowUs, path, packet, writer);
    if (outbox.repulls.size > 0) this.#pulls(nowUs, path, packet, writer, outbox.repulls);
    if (outbox.pulls.size > 0) this.#pulls(nowUs, path, packet, writer, outbox.pulls);
    this.#notifies.build(nowUs, path, packet, writer);
    const active = writer.offset > passive;
    if (path.feedback.rides(nowUs, active)) this.#feedbackOf(nowUs, path, writer);
    if (writer.offset > start && path.closed.isDue(nowUs)) this.#closedFrame(nowUs, path, writer);
    return active;
  }

  #accepts(path: Path, writer: WireWriter): void {
    const room = Math.floor((writer.remaining - ACCEPT_FRAME_OVERHEAD) / ACCEPT_BYTES);
    const count = Math.min(path.outbox.accepts.size, room, WireLimit.maxAccepts);
    if (count < 0 || (count === 0 && !path.creditDue)) return;
    this.#credit.grant(path);
    const frame = this.#accept;
    frame.notifyLimit = path.notifyGranted;
    frame.inlineLimit = path.inlineGranted;
    frame.count = count;
    for (let i = 0; i < count; i++) {
      const answer = path.outbox.accepts.shift();
      const entry = entryAt(frame, i);
      if (answer === undefined) break;
      copyId(entry.announcerId, answer.announcerId);
      copyId(entry.pullerId, answer.pullerId);
      entry.status = answer.status;
    }
    writer.u8(FrameType.TransferAccept);
    encodeTransferAccept(writer, frame);
  }

  #answers(nowUs: number, path: Path, writer: WireWriter): void {
    drain(writer, path.outbox.closeAcks, (ack) => {
      writer.u8(FrameType.StreamCloseAck);
      encodeStreamCloseAck(writer, ack);
    });
    drain(writer, path.outbox.probeResponses, ({ probeId, clockUs, atUs }) => {
      this.#credit.grant(path);
      writer.u8(FrameType.ProbeResponse);
      encodeProbeResponse(writer, {
        probeId,
        echoedClockUs: clockUs,
        delayUs: Math.floor(nowUs - atUs),
        notifyLimit: path.notifyGranted,
        inlineLimit: path.inlineGranted,
      });
    });
    drain(writer, path.outbox.proofs, (proof) => {
      writer.u8(FrameType.TransferChallengeResponse);
      encodeChallengeResponse(writer, proof);
    });
    drain(writer, path.outbox.holds, (hold) => {
      writer.u8(FrameType.PullHold);
      encodePullHold(writer, hold);
    });
    drain(writer, path.outbox.resets, (reset) => {
      writer.u8(FrameType.FlowReset);
      encodeFlowReset(writer, reset);
    });
  }

  #acks(path: Path, writer: WireWriter): void {
    const frame = this.#ack;
    drain(writer, path.outbox.completeAcks, (announcerId) => {
      copyId(frame.announcerId, announcerId);
      frame.flags = RangeAckFlag.Complete;
      frame.ranges.clear();
      writer.u8(FrameType.RangeAck);
      encodeRangeAck(writer, frame);
    });
    drain(writer, path.outbox.acks, (transfer) => {
      if (transfer.state === "delivered") return;
      copyId(frame.announcerId, transfer.announcerId);
      frame.flags = 0;
      frame.ranges.clear();
      // The latest ranges: a repetition of earlier ones heals a lost acknowledgement.
      const received = transfer.acknowledgeable;
      const first = Math.max(0, received.count - 16);
      for (let i = first; i < received.count; i++) {
        frame.ranges.add(received.start(i), received.end(i));
      }
      writer.u8(FrameType.RangeAck);
      encodeRangeAck(writer, frame);
      if (writer.overflowed) return;
      transfer.progress.ackQueued = false;
      if (frame.ranges.count > 0) transfer.progress.wasAcknowledged = true;
    });
  }

  #questions(nowUs: number, path: Path, packet: number, writer: WireWriter): void {
    drain(writer, path.outbox.challenges, (transfer) => {
      const { announcerId, notifySeq, state } = transfer;
      const nonce = transfer.begun?.nonce;
      if (state !== "challenged" || nonce === undefined) return;
      writer.u8(FrameType.TransferChallenge);
      encodeChallenge(writer, { announcerId, notifySeq, nonce, proof: nonce });
      if (!writer.overflowed) this.#doubts.challengeSent(nowUs, path, transfer);
    });
    drain(writer, path.outbox.cancelPulls, (announcerId) => {
      writer.u8(FrameType.CancelPull);
      encodeCancelPull(writer, { announcerId, ranges: this.#noRanges });
    });
    drain(writer, path.outbox.closes, (state) => {
      if (!isPending(path, state)) return;
      writer.u8(FrameType.StreamClose);
      encodeStreamClose(writer, state);
      if (!writer.overflowed) this.#closer.sent(nowUs, path, state, packet);
    });
  }

  #probe(nowUs: number, path: Path, packet: number, writer: WireWriter): void {
    if (writer.remaining < PROBE_BYTES) return;
    path.probeId += 1;
    setCounter(this.#probeId, path.probeId);
    writer.u8(FrameType.Probe);
    encodeProbe(writer, { probeId: this.#probeId, flags: path.probeFlags & ProbeFlag.Blocked });
    path.probeFlags = -1;
    path.probeSentUs = nowUs;
    path.probePacket = packet;
    path.health.probeSent();
    this.#context.counters.probes += 1;
  }

  #pulls(nowUs: number, path: Path, packet: number, writer: WireWriter, queue: Fifo<Repull>): void {
    drain(writer, queue, ({ transfer, pull }) => {
      if (!transfer.pulls.includes(pull) || pull.sentUs >= 0) return;
      const frame = this.#pull;
      frame.ranges.clear();
      if (transfer.progress.received.missing(pull.start, pull.end, frame.ranges) === 0) return;
      copyId(frame.announcerId, transfer.announcerId);
      copyId(frame.pullerId, transfer.id);
      copyId(frame.bufferId, transfer.source.bufferId);
      frame.pullSeq = pull.seq;
      frame.flags =
        (pull.attempts > 0 ? PullFlag.Retransmit : 0) |
        (transfer.state === "tentative" ? PullFlag.Challenge : 0);
      frame.priority = transfer.priority;
      frame.rate = this.#context.pulls.rateFor(path.sender);
      writer.u8(FrameType.PullRequest);
      encodePullRequest(writer, frame);
      if (!writer.overflowed) this.#loop.sent(nowUs, path, transfer, pull, packet);
    });
  }

  #feedbackOf(nowUs: number, path: Path, writer: WireWriter): void {
    const frame = this.#feedback;
    for (const worker of path.workers) {
      if (worker.owed === 0) continue;
      const at = writer.offset;
      this.#credit.grant(path);
      frame.worker = worker.worker;
      frame.largest = worker.largest;
      frame.echoedClockUs = worker.largestClockUs;
      frame.delayUs = Math.floor(nowUs - worker.largestAtUs);
      frame.packets = worker.packetCount;
      frame.bytes = worker.byteCount;
      frame.ect0 = worker.ect0;
      frame.ect1 = worker.ect1;
      frame.ce = worker.ce;
      frame.notifyLimit = path.notifyGranted;
      frame.inlineLimit = path.inlineGranted;
      writer.u8(FrameType.Feedback);
      encodeFeedback(writer, frame);
      if (writer.overflowed) return writer.rewind(at);
      worker.owed = 0;
    }
    path.feedback.told(nowUs);
  }

  #closedFrame(nowUs: number, path: Path, writer: WireWriter): void {
    const at = writer.offset;
    const frame = this.#closed;
    frame.floor = path.finished.firstGap(0);
    frame.ranges.clear();
    const first = Math.max(0, path.finished.count - 32);
    for (let i = first; i < path.finished.count; i++) {
      const [start, end] = [path.finished.start(i), path.finished.end(i)];
      if (start >= frame.floor && start > 0)
        frame.ranges.add(start - frame.floor, end - frame.floor);
    }
    writer.u8(FrameType.Closed);
    encodeClosed(writer, frame);
    if (writer.overflowed) return writer.rewind(at);
    path.closed.sent(nowUs);
  }
}

// Writes items as long as they fit; the first that does not stays in its queue.
function drain<T>(writer: WireWriter, queue: Fifo<T>, write: (item: T) => void): void {
  for (let item = queue.peek(); item !== undefined; item = queue.peek()) {
    const at = writer.offset;
    write(item);
    if (writer.overflowed) {
      writer.rewind(at);
      return;
    }
    queue.shift();
  }
}
