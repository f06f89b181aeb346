import type { EngineEvent } from "../engine/events.js";
import { Status } from "../engine/status.js";
import type { Id64 } from "../wire/id64.js";
import type { LayerContext } from "./layer-context.js";
import type { OutboundPayload, Stream } from "./stream.js";
import type { StreamEnds } from "./stream-ends.js";
import { Submission } from "./submission.js";
import { Submissions, type Submitted } from "./submissions.js";

/** How the engine tells of a transfer that failed. */
export type TransferFailure = EngineEvent & { readonly kind: "transferFailed" };

/**
 * Own messages, from the stream to the peer: announced in order once their stream has an id, and settled when they arrived
 * or were lost.
 *
 * @see spec/dcquic.md §4, §11
 */
export class OutgoingMessages {
  readonly #context: LayerContext;
  readonly #ends: StreamEnds;
  readonly #submissions: Submissions;

  /** Works on what `context` holds; streams end in `ends`. */
  constructor(context: LayerContext, ends: StreamEnds) {
    this.#context = context;
    this.#ends = ends;
    this.#submissions = new Submissions(context.port, (submission, result) =>
      this.#submitted(submission, result),
    );
  }

  /** How many wait because the engine's tables are full. */
  get waiting(): number {
    return this.#submissions.waiting;
  }

  /** How many had to wait because the engine's tables were full. */
  get waited(): number {
    return this.#submissions.waited;
  }

  /** Announces message number `seq` of a stream once there is room. */
  submit(stream: Stream, payload: OutboundPayload, seq: number): void {
    // The pattern may end the direction by itself.
    const submission = new Submission(stream, payload, seq, stream.outbound.isEnded);
    const { opening } = this.#context;
    if (stream.isOpener && stream.id === undefined && seq > 0) {
      if (opening.has(stream)) (stream.ownExtras.backlog ??= []).push(submission);
      return;
    }
    this.#submissions.submit(submission);
    // An engine on this thread has answered already, unless it has no room.
    const isOpening = submission.opens && stream.id === undefined && stream.outcome === undefined;
    if (isOpening) opening.add(stream);
  }

  /** Notes that the peer knows of a message. */
  accepted(transfer: Id64): void {
    const sent = this.#context.outgoing.get(transfer);
    if (sent !== undefined) this.#context.openings.answered(sent.stream);
  }

  /** Notes that a message arrived. */
  drained(transfer: Id64): void {
    const sent = this.#context.outgoing.get(transfer);
    if (sent === undefined) return;
    this.#settle(sent, transfer);
    this.#ends.check(sent.stream);
  }

  /** Notes that a message will never arrive. */
  lost({ transfer, status, rootCause }: TransferFailure): void {
    const sent = this.#context.outgoing.get(transfer);
    if (sent === undefined) return;
    this.#settle(sent, transfer);
    const { stream } = sent;
    // Whoever wants no more of a transfer says with a close what is to become of the stream.
    if (stream.outcome !== undefined || stream.outbound.isStopped) return this.#ends.check(stream);
    if (status !== Status.Cancelled) this.#ends.fail(stream, status, rootCause);
  }

  /** Forgets what waits. */
  close(): void {
    this.#submissions.close();
  }

  #submitted(submission: Submission, result: Submitted): void {
    const { stream, opens } = submission;
    const { opening, outgoing, port } = this.#context;
    submission.taken?.();
    if (result.kind === "refused") {
      stream.outbound.settled(submission.bytes, undefined);
      const outcome = { status: result.status, reason: "", rootCause: undefined };
      const isUntaken = opens && result.isUntaken === true;
      this.#ends.abort(
        stream,
        isUntaken ? { ...outcome, isUntaken } : outcome,
        opens ? "pathGone" : "tellPeer",
      );
      if (stream.id === undefined) opening.delete(stream);
      return;
    }
    const { transfer, token } = result;
    submission.transfer = transfer;
    outgoing.set(transfer, submission);
    stream.outbound.announced(transfer);
    if (this.#context.news.isWatched) this.#tell(submission, transfer, token);
    if (opens) this.#opened(stream, transfer, token);
    if (stream.outcome !== undefined) port.cancel(transfer);
  }

  #tell(submission: Submission, transfer: Id64, token: Id64 | undefined): void {
    const { stream, opens } = submission;
    // One that ended before it began was none.
    if (stream.outcome !== undefined) return;
    const { news } = this.#context;
    if (opens) news.opened(stream, transfer, token);
    news.sent(submission, transfer);
  }

  #opened(stream: Stream, id: Id64, token: Id64 | undefined): void {
    const { closes, opening, streams, tokens } = this.#context;
    stream.id = id;
    opening.delete(stream);
    streams.add(stream, id);
    if (token !== undefined && stream.outcome === undefined) tokens.hold(stream, token);
    const { backlog } = stream.extras;
    if (backlog !== undefined) stream.ownExtras.backlog = undefined;
    if (stream.outcome !== undefined) {
      // It ended before it began: the peer may hear of it all the same.
      closes.abort(stream, stream.outcome);
      return;
    }
    stream.handlers.opened?.();
    for (const submission of backlog ?? []) this.#submissions.submit(submission);
    closes.flush(stream);
    this.#ends.check(stream);
  }

  #settle(sent: Submission, transfer: Id64): void {
    this.#context.outgoing.delete(transfer);
    this.#context.openings.answered(sent.stream);
    const hasRoom = sent.stream.outbound.settled(sent.bytes, sent.transfer);
    if (hasRoom && sent.stream.outcome === undefined) sent.stream.handlers.writable();
    this.#submissions.retry();
  }
}
