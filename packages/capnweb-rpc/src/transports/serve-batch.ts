import { RpcSession } from "../session/rpc-session.js";
import { announceDelivery, type MessageSink } from "../session/transport.js";
import { afterTurn } from "./after-turn.js";
import { AnswerStreams } from "./answer-streams.js";
import { batchEnded } from "./batch-ended.js";
import { DEFAULT_BATCH_LIMITS, type HttpBatchServerOptions } from "./batch-limits.js";

/** The answer to a batch, or what is left of it where a part has gone out before. */
export interface BatchAnswer {
  readonly status: 200 | 400 | 413;
  readonly body: string;
}

/** What a server's HTTP has to do with a batch while it runs. */
export interface BatchExchange {
  /** Lets it be known that nobody waits for an answer any more: calls back at once if so already. */
  readonly abandonment: (gone: () => void) => void;
  /** Sends a part of an answer of status 200 before the rest is there. */
  readonly progress: (part: string) => void;
}

/** The server's end of one batch: everything arrives at once, and leaves at once or as it comes. */
class BatchTransport {
  failure: { readonly reason: unknown } | undefined;
  last: string | undefined;
  /** The streams among the results. */
  readonly streams: AnswerStreams;
  #unsent: string[] = [];
  #begun = false;
  #sink: MessageSink | undefined;
  #progress: ((part: string) => void) | undefined;
  #scheduled = false;

  /** `maxStreamSize` bounds the streams among the results. */
  constructor(maxStreamSize: number) {
    this.streams = new AnswerStreams({
      receive: (message) => this.#sink?.received(message),
      maxSize: maxStreamSize,
    });
    announceDelivery(this, (sink) => {
      this.#sink = sink;
    });
  }

  send(message: string): void {
    this.last = message;
    this.#unsent.push(message);
    this.streams.sent(message);
    this.#schedule();
  }

  receive(): Promise<string> {
    return new Promise(() => undefined);
  }

  abort(reason: unknown): void {
    this.failure ??= { reason };
  }

  deliver(lines: readonly string[]): void {
    for (const line of lines) this.#sink?.received(line);
  }

  /** From now on messages leave as they come, those of one turn together. */
  stream(progress: (part: string) => void): void {
    this.#progress = progress;
    this.#schedule();
  }

  /** Whether a part has gone out. */
  get begun(): boolean {
    return this.#begun;
  }

  /** Answers what has not gone out yet. */
  take(): string {
    this.#progress = undefined;
    return this.#part();
  }

  end(): void {
    this.#sink?.failed(batchEnded);
  }

  #schedule(): void {
    if (this.#progress === undefined || this.#scheduled || this.#unsent.length === 0) return;
    this.#scheduled = true;
    // Most batches are answered within the turn they arrive in, and leave in one piece.
    afterTurn(() => {
      this.#scheduled = false;
      if (this.#progress === undefined || this.#unsent.length === 0) return;
      this.#begun = true;
      this.#progress(this.#part());
    });
  }

  #part(): string {
    const part = this.#unsent.splice(0).join("\n");
    // In parts each message has an end of its own, so that nobody waits for more of it.
    return this.#begun && part !== "" ? `${part}\n` : part;
  }
}

/**
 * Carries out a batch and answers when every result that was asked for is there, or the time is up;
 * with `streamAnswer`, tells before what is there already. Nothing a peer sends makes it reject; what
 * is malformed is answered with an abort. §2.3
 */
export async function serveBatch(
  body: string,
  localMain: unknown,
  options: HttpBatchServerOptions,
  { abandonment, progress }: BatchExchange,
): Promise<BatchAnswer> {
  const { maxMessages, maxTimeMs, maxStreamSize } = { ...DEFAULT_BATCH_LIMITS, ...options.batch };
  const lines = body.split("\n").filter((line) => line.trim() !== "");
  if (lines.length > (maxMessages ?? DEFAULT_BATCH_LIMITS.maxMessages)) {
    return refusedBatch(413, "The batch holds too many messages.");
  }
  const transport = new BatchTransport(maxStreamSize ?? DEFAULT_BATCH_LIMITS.maxStreamSize);
  const session = new RpcSession(transport, localMain, options);
  transport.deliver(lines);
  // Everything has arrived: what is malformed has been found by now.
  if (options.streamAnswer === true && transport.failure === undefined) transport.stream(progress);
  const done = settled(session, transport.streams);
  await inTime(done, maxTimeMs ?? DEFAULT_BATCH_LIMITS.maxTimeMs, abandonment);
  if (transport.failure !== undefined && !transport.begun) return abortAnswer(transport);
  const rest = transport.take();
  transport.end();
  return { status: 200, body: rest };
}

/** Answers a batch that is not carried out at all. */
export function refusedBatch(status: 400 | 413, message: string): BatchAnswer {
  return { status, body: JSON.stringify(["abort", ["error", "Error", message]]) };
}

function abortAnswer({ last }: BatchTransport): BatchAnswer {
  return last?.startsWith('["abort"') === true
    ? { status: 400, body: last }
    : refusedBatch(400, "The batch was aborted by its sender.");
}

/** Resolves when all is answered, and the streams among the results have ended. */
async function settled(session: RpcSession, streams: AnswerStreams): Promise<void> {
  await session.drain();
  while (streams.open) {
    // A chunk may hold what is to be answered, and that another stream.
    await streams.idle().then(() => session.drain());
  }
}

/** Resolves when `done` does, the time is up, or nobody waits any more. */
function inTime(
  done: Promise<void>,
  maxTimeMs: number,
  abandonment: BatchExchange["abandonment"],
): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, maxTimeMs);
    const finish = (): void => {
      clearTimeout(timer);
      resolve();
    };
    abandonment(finish);
    // Why a session ended its transport knows.
    done.then(finish, finish);
  });
}
