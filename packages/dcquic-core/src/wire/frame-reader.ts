import { DcquicError } from "../errors.js";
import { FrameType, WireLimit } from "./constants.js";
import { decodeNotifyEntry, type NotifyEntry, notifyEntry } from "./notify-entry.js";
import {
  type Closed,
  closed,
  decodeClosed,
  decodeFeedback,
  decodeProbe,
  decodeProbeResponse,
  decodeTransferAccept,
  type Feedback,
  feedback,
  type Probe,
  probe,
  type ProbeResponse,
  probeResponse,
  type TransferAccept,
  transferAccept,
} from "./path-frames.js";
import {
  decodeStreamClose,
  decodeStreamCloseAck,
  type StreamClose,
  streamClose,
  type StreamCloseAck,
  streamCloseAck,
} from "./stream-frames.js";
import {
  type CancelPull,
  cancelPull,
  type Challenge,
  challenge,
  decodeCancelPull,
  decodeChallenge,
  decodeChallengeResponse,
  decodeFlowReset,
  decodePullHold,
  decodePullRequest,
  decodeRangeAck,
  type FlowReset,
  flowReset,
  type PullHold,
  pullHold,
  type PullRequest,
  pullRequest,
  type RangeAck,
  rangeAck,
} from "./transfer-frames.js";
import { malformed, WireReader } from "./wire-reader.js";

/**
 * Walks over the frames of a CONTROL payload. Each {@link FrameReader.next} overwrites the object of its type, so a packet
 * costs no allocation; of announcements, which come by the dozen, it has objects for as many as a frame may carry.
 *
 * @see spec/dcquic.md §17.3
 */
export class FrameReader {
  /** TRANSFER_ACCEPT. */
  readonly accept: TransferAccept = transferAccept();
  /** PULL_REQUEST. */
  readonly pull: PullRequest = pullRequest();
  /** RANGE_ACK. */
  readonly rangeAck: RangeAck = rangeAck();
  /** CANCEL_PULL. */
  readonly cancelPull: CancelPull = cancelPull();
  /** FLOW_RESET. */
  readonly flowReset: FlowReset = flowReset();
  /** TRANSFER_CHALLENGE, and its response. */
  readonly challenge: Challenge = challenge();
  /** PROBE. */
  readonly probe: Probe = probe();
  /** PROBE_RESPONSE. */
  readonly probeResponse: ProbeResponse = probeResponse();
  /** FEEDBACK. */
  readonly feedback: Feedback = feedback();
  /** STREAM_CLOSE. */
  readonly streamClose: StreamClose = streamClose();
  /** STREAM_CLOSE_ACK. */
  readonly streamCloseAck: StreamCloseAck = streamCloseAck();
  /** CLOSED. */
  readonly closed: Closed = closed();
  /** PULL_HOLD. */
  readonly pullHold: PullHold = pullHold();
  readonly #reader = new WireReader();
  #entriesLeft = 0;
  // Made when they are needed. The one that is read next, and the one that is taken next, counted from `aim` on.
  readonly #entries: NotifyEntry[] = [];
  #read = 0;
  #taken = 0;

  /** Aims at the payload `offset … end` of `bytes`; `view` starts where `bytes` does. */
  aim(bytes: Uint8Array, view: DataView, offset: number, end: number): this {
    this.#reader.aim(bytes, view, offset, end);
    this.#entriesLeft = 0;
    this.#read = 0;
    this.#taken = 0;
    return this;
  }

  /** TRANSFER_NOTIFY: the entry that was read last. */
  get notify(): NotifyEntry {
    return this.#entry(Math.max(0, this.#read - 1));
  }

  /** Whether all announcements that were read are still there, to be taken. */
  get keepsNotifies(): boolean {
    return this.#read <= WireLimit.maxEntries;
  }

  /** The first announcement that was read and not taken yet. */
  takeNotify(): NotifyEntry {
    return this.#entry(this.#taken++);
  }

  /**
   * Reads the next frame and returns its {@link FrameType}, or `undefined` at the end. PADDING is passed over; a
   * TRANSFER_NOTIFY is returned once for each of its entries.
   *
   * @throws DcquicError `dcquic.malformed`, `dcquic.unknown_frame`
   */
  next(): number | undefined {
    if (this.#entriesLeft > 0) return this.#nextEntry();
    const reader = this.#reader;
    while (reader.remaining > 0) {
      const type = reader.u8();
      if (type !== FrameType.Padding) return this.#frame(type);
    }
    return undefined;
  }

  #nextEntry(): number {
    this.#entriesLeft -= 1;
    decodeNotifyEntry(this.#reader, this.#entry(this.#read++));
    return FrameType.TransferNotify;
  }

  #entry(index: number): NotifyEntry {
    return (this.#entries[index % WireLimit.maxEntries] ??= notifyEntry());
  }

  #frame(type: number): number {
    const reader = this.#reader;
    switch (type) {
      case FrameType.TransferNotify:
        this.#entriesLeft = reader.u8();
        if (this.#entriesLeft < 1 || this.#entriesLeft > WireLimit.maxEntries) {
          throw malformed(`${this.#entriesLeft} announcements in a frame`);
        }
        return this.#nextEntry();
      case FrameType.TransferAccept:
        decodeTransferAccept(reader, this.accept);
        return type;
      case FrameType.PullRequest:
        decodePullRequest(reader, this.pull);
        return type;
      case FrameType.RangeAck:
        decodeRangeAck(reader, this.rangeAck);
        return type;
      case FrameType.CancelPull:
        decodeCancelPull(reader, this.cancelPull);
        return type;
      case FrameType.FlowReset:
        decodeFlowReset(reader, this.flowReset);
        return type;
      case FrameType.TransferChallenge:
        decodeChallenge(reader, this.challenge);
        return type;
      case FrameType.TransferChallengeResponse:
        decodeChallengeResponse(reader, this.challenge);
        return type;
      case FrameType.Probe:
        decodeProbe(reader, this.probe);
        return type;
      case FrameType.ProbeResponse:
        decodeProbeResponse(reader, this.probeResponse);
        return type;
      case FrameType.Feedback:
        decodeFeedback(reader, this.feedback);
        return type;
      case FrameType.StreamClose:
        decodeStreamClose(reader, this.streamClose);
        return type;
      case FrameType.StreamCloseAck:
        decodeStreamCloseAck(reader, this.streamCloseAck);
        return type;
      case FrameType.Closed:
        decodeClosed(reader, this.closed);
        return type;
      case FrameType.PullHold:
        decodePullHold(reader, this.pullHold);
        return type;
      default:
        throw new DcquicError("dcquic.unknown_frame", `frame type ${type}`);
    }
  }
}
