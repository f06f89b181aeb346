import { afterTurn } from "./after-turn.js";

/** What the streams in an answer are part of. */
export interface StreamedAnswer {
  /** Takes a message as if the client had sent it. */
  readonly receive: (message: string) => void;
  /** Characters that the messages of streams may take together. */
  readonly maxSize: number;
}

const LETTER = 2;
const STREAM_CALL = /^\["stream",\["pipeline",(\d+),\["(write|close|abort)"\]/;

/**
 * The streams that the results of a batch hold. A client cannot acknowledge a chunk while the answer is being made, and a sender
 * waits for that once its window is full: here every chunk counts as arrived, up to a limit. spec/capnweb.md §2.3, §9.3
 */
export class AnswerStreams {
  readonly #answer: StreamedAnswer;
  readonly #open = new Set<number>();
  #nextId = 1;
  #size = 0;
  #idle: (() => void) | undefined;

  /** No stream has been announced. */
  constructor(answer: StreamedAnswer) {
    this.#answer = answer;
  }

  /** Whether a stream goes on that may still be sent. */
  get open(): boolean {
    return this.#open.size > 0 && this.#size <= this.#answer.maxSize;
  }

  /** Resolves when no stream goes on any more. */
  async idle(): Promise<void> {
    if (!this.open) return;
    await new Promise<void>((resolve) => {
      this.#idle = resolve;
    });
  }

  /** Follows the messages of the answer: pushes, streams and pipes are numbered. spec/capnweb.md §3.1 */
  sent(message: string): void {
    const letter = message[LETTER];
    // Results and failures, which is nearly all there is.
    if (letter !== "p" && letter !== "s") return;
    if (message === '["pipe"]') this.#open.add(this.#nextId++);
    else if (message.startsWith('["push",')) this.#nextId++;
    else if (message.startsWith('["stream",')) this.#called(message, this.#nextId++);
  }

  #called(message: string, id: number): void {
    const [, pipe, method] = STREAM_CALL.exec(message) ?? [];
    if (!this.#open.has(Number(pipe))) return;
    this.#size += message.length;
    if (method !== "write") this.#open.delete(Number(pipe));
    if (this.#size <= this.#answer.maxSize) {
      // Once a window, everybody else has a turn.
      afterTurn(() => this.#answer.receive(`["resolve",${id},["undefined"]]`));
    }
    if (!this.open) this.#idle?.();
  }
}
