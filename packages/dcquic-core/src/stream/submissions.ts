import type { Timer } from "@proj/wire-types";
import type { AnnounceOptions, AnnounceResult } from "../engine/announce-options.js";
import { Fifo } from "../sched/fifo.js";
import { PRIORITIES } from "../sched/priority-queue.js";
import { Shape } from "../wire/constants.js";
import type { Id64 } from "../wire/id64.js";
import type { EnginePort } from "./engine-port.js";
import { patternCode, requestEndsLate } from "./pattern-rules.js";
import type { OutboundPayload, Stream } from "./stream.js";

/** A message on its way to the engine, and then to the peer. */
export interface Submission {
  /** Its stream. */
  readonly stream: Stream;
  /** What is sent. */
  readonly payload: OutboundPayload;
  /** Whether it is the last of its direction, which the pattern may say too. */
  readonly isLast: boolean;
  /** Its number. */
  readonly seq: number;
  /** Bytes it counts for in the own direction. */
  readonly bytes: number;
  /** Its transfer, once the engine took it. */
  transfer: Id64 | undefined;
}

/** What became of a submission that the engine took or refused. */
export type Submitted = Exclude<AnnounceResult, { readonly kind: "backPressured" }>;

const RETRY_US = 1000;

/**
 * Hands messages to the engine, and keeps those it has no room for: urgent ones go first, and nothing less urgent is
 * admitted while they wait.
 *
 * @see spec/dcquic.md §11
 */
export class Submissions {
  readonly #port: EnginePort;
  readonly #done: (submission: Submission, result: Submitted) => void;
  readonly #waiting = Array.from({ length: PRIORITIES }, () => new Fifo<Submission>());
  #count = 0;
  #retried: Submission | undefined;
  #timer: Timer | undefined;

  /** `done` is told of every submission once, unless its stream ended before. */
  constructor(port: EnginePort, done: (submission: Submission, result: Submitted) => void) {
    this.#port = port;
    this.#done = done;
  }

  /** How many wait for room. */
  get waiting(): number {
    return this.#count;
  }

  /** Hands a message over, or keeps it. */
  submit(submission: Submission): void {
    if (this.#count > 0 && this.#someoneWaits(priorityOf(submission))) this.#keep(submission);
    else this.#announce(submission);
  }

  /** Tries again those who wait, because a transfer ended. */
  retry(): void {
    if (this.#count === 0) return;
    for (const queue of this.#waiting) {
      for (let first = queue.peek(); first !== undefined; first = queue.peek()) {
        queue.shift();
        this.#count -= 1;
        if (first.stream.outcome !== undefined) {
          this.#done(first, { kind: "refused", status: first.stream.outcome.status });
          continue;
        }
        this.#retried = first;
        this.#announce(first);
        this.#retried = undefined;
        if (queue.peek() === first) return;
      }
    }
  }

  /** Forgets everything and stops its timer. */
  close(): void {
    this.#timer?.cancel();
    for (const queue of this.#waiting) queue.clear();
    this.#count = 0;
  }

  #someoneWaits(priority: number): boolean {
    for (let level = 0; level <= priority; level++) {
      if ((this.#waiting[level]?.size ?? 0) > 0) return true;
    }
    return false;
  }

  #announce(submission: Submission): void {
    const { stream } = submission;
    this.#port.announce(stream.path, optionsOf(submission), (result) => {
      if (result.kind === "backPressured") this.#keep(submission);
      else this.#done(submission, result);
    });
  }

  // A table may also gain room without a word, when the peer lets go of what it remembers: time is the other reason to try.
  #keep(submission: Submission): void {
    const queue = this.#waiting[priorityOf(submission)];
    // Whoever was first in its queue stays first.
    if (submission === this.#retried) queue?.unshift(submission);
    else queue?.push(submission);
    this.#count += 1;
    this.#timer ??= this.#port.timers.schedule(RETRY_US, () => {
      this.#timer = undefined;
      this.retry();
    });
  }
}

// A header block is more urgent than what it describes; an empty one describes nothing. §4
function priorityOf({ stream, payload, bytes }: Submission): number {
  return payload.isHeaders && bytes > 0 ? Math.max(0, stream.priority - 1) : stream.priority;
}

function optionsOf(submission: Submission): AnnounceOptions {
  const { stream, payload, seq, isLast } = submission;
  const opens = stream.isOpener && seq === 0;
  const { track } = payload;
  return {
    shape:
      patternCode(stream.pattern) |
      (stream.isOpener ? Shape.OpenedByAnnouncer : 0) |
      (opens ? Shape.Open : 0) |
      (isLast ? Shape.End : 0) |
      (payload.isHeaders ? Shape.Headers : 0),
    priority: priorityOf(submission),
    messageSeq: seq,
    payload: payload.payload,
    streamId: stream.id,
    meta: payload.meta,
    after: payload.after,
    track,
    holdToken: track === true ? holderOf(stream) : undefined,
  };
}

// Where the request is one message, its acceptance tells the engine that it was handed over. D-20
function holderOf({ pattern }: Stream): "response" | "request" {
  return requestEndsLate(pattern) ? "request" : "response";
}
