import type { Timer } from "@proj/wire-types";
import type { AnnounceResult } from "../engine/announce-options.js";
import { Fifo } from "../sched/fifo.js";
import { PRIORITIES } from "../sched/priority-queue.js";
import type { EnginePort } from "./engine-port.js";
import type { Submission } from "./submission.js";

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
  #waited = 0;
  #retried: Submission | undefined;
  readonly #answered = (result: AnnounceResult, submission: Submission): void => {
    if (result.kind === "backPressured") this.#keep(submission);
    else this.#done(submission, result);
  };
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

  /** How many had to wait for room so far. */
  get waited(): number {
    return this.#waited;
  }

  /** Hands a message over, or keeps it. */
  submit(submission: Submission): void {
    if (this.#count > 0 && this.#someoneWaits(submission.priority)) this.#keep(submission);
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
    this.#port.announce(submission.stream.path, submission, this.#answered);
  }

  // A table may also gain room without a word, when the peer lets go of what it remembers: time is the other reason to try.
  #keep(submission: Submission): void {
    const queue = this.#waiting[submission.priority];
    // Whoever was first in its queue stays first.
    if (submission === this.#retried) queue?.unshift(submission);
    else {
      queue?.push(submission);
      this.#waited += 1;
    }
    this.#count += 1;
    this.#timer ??= this.#port.timers.schedule(RETRY_US, () => {
      this.#timer = undefined;
      this.retry();
    });
  }
}
