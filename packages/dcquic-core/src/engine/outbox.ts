import { Fifo } from "../sched/fifo.js";
import type { AnnouncedTransfer } from "../transfer/announced-transfer.js";
import type { PulledTransfer } from "../transfer/pulled-transfer.js";
import type { Pull } from "../transfer/pull-progress.js";
import type { Id64 } from "../wire/id64.js";
import type { PullHold } from "../wire/transfer-frames.js";
import type { CloseState } from "./stream-closer.js";

/** Answers of one kind that wait for one peer. Who missed one asks again, so beyond that they are dropped like lost packets. */
const MAX_ANSWERS = 16_384;
// At most one probe of an honest peer is in flight.
const MAX_PROBE_RESPONSES = 64;

/** An answer to an announcement that waits to be sent. */
export interface PendingAccept {
  /** Id at the announcer. */
  readonly announcerId: Id64;
  /** Id here, or zero. */
  readonly pullerId: Id64;
  /** {@link AcceptStatus}. */
  readonly status: number;
}

/** A FLOW_RESET that waits to be sent. */
export interface PendingReset {
  /** Id at the addressee, or zero. */
  readonly addresseeId: Id64;
  /** Id here, or zero. */
  readonly ownId: Id64;
  /** Number of the announcement, or `NO_NOTIFY_SEQ`. */
  readonly notifySeq: number;
  /** {@link ResetCode}. */
  readonly code: number;
}

/** The answer to a challenge that waits to be sent. */
export interface PendingProof {
  /** Own id of the transfer. */
  readonly announcerId: Id64;
  /** Number of its announcement. */
  readonly notifySeq: number;
  /** Of the challenge. */
  readonly nonce: Uint8Array;
  /** What proves the announcement. */
  readonly proof: Uint8Array;
}

/** The answer to a probe that waits to be sent. */
export interface PendingProbeResponse {
  /** Of the probe. */
  readonly probeId: Id64;
  /** The prober's clock. */
  readonly clockUs: number;
  /** When the probe arrived. */
  readonly atUs: number;
}

/** A pull that has to be sent again. */
export interface Repull {
  /** Whose it is. */
  readonly transfer: PulledTransfer;
  /** The pull. */
  readonly pull: Pull;
}

/** What waits on a path to be written into CONTROL packets, by kind of frame. */
export class Outbox {
  /** Answers to announcements. */
  readonly accepts: Fifo<PendingAccept> = new Fifo(MAX_ANSWERS);
  /** Transfers with something to acknowledge. */
  readonly acks: Fifo<PulledTransfer> = new Fifo();
  /** Announcers' ids of finished transfers to be acknowledged as a whole. */
  readonly completeAcks: Fifo<Id64> = new Fifo(MAX_ANSWERS);
  /** Announcers' ids of transfers of which nothing more is wanted. */
  readonly cancelPulls: Fifo<Id64> = new Fifo();
  /** Resets. */
  readonly resets: Fifo<PendingReset> = new Fifo(MAX_ANSWERS);
  /** Challenges. */
  readonly challenges: Fifo<PulledTransfer> = new Fifo();
  /** Answers to challenges. */
  readonly proofs: Fifo<PendingProof> = new Fifo(MAX_ANSWERS);
  /** Pulls that have to wait, to be told so. */
  readonly holds: Fifo<PullHold> = new Fifo(MAX_ANSWERS);
  /** Answers to probes. */
  readonly probeResponses: Fifo<PendingProbeResponse> = new Fifo(MAX_PROBE_RESPONSES);
  /** Own transfers to be announced again, or taken back. */
  readonly resends: Fifo<AnnouncedTransfer> = new Fifo();
  /** Pulls to be sent again. */
  readonly repulls: Fifo<Repull> = new Fifo();
  /** Pulls that are to be sent for the first time. */
  readonly pulls: Fifo<Repull> = new Fifo();
  /** Own closes to be sent. */
  readonly closes: Fifo<CloseState> = new Fifo();
  /** Closes to be acknowledged: the stream, and whether this side opened it. */
  readonly closeAcks: Fifo<{ readonly streamId: Id64; readonly opener: boolean }> = new Fifo(
    MAX_ANSWERS,
  );

  /** Whether nothing waits. */
  get isEmpty(): boolean {
    return (
      this.accepts.size === 0 &&
      this.resends.size === 0 &&
      this.pulls.size === 0 &&
      this.repulls.size === 0 &&
      !this.hasAcks &&
      !this.hasAnswers &&
      !this.hasQuestions
    );
  }

  /** Whether acknowledgements wait. */
  get hasAcks(): boolean {
    return this.acks.size > 0 || this.completeAcks.size > 0;
  }

  /** Whether answers wait, other than to announcements. */
  get hasAnswers(): boolean {
    return (
      this.resets.size > 0 ||
      this.proofs.size > 0 ||
      this.holds.size > 0 ||
      this.probeResponses.size > 0 ||
      this.closeAcks.size > 0
    );
  }

  /** Whether something waits that asks, or tells, what the peer has to acknowledge. */
  get hasQuestions(): boolean {
    return this.challenges.size > 0 || this.cancelPulls.size > 0 || this.closes.size > 0;
  }
}
