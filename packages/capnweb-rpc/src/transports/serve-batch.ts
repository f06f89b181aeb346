import { RpcSession } from "../session/rpc-session.js";
import { announceDelivery, type MessageSink } from "../session/transport.js";
import { batchEnded } from "./batch-ended.js";
import { DEFAULT_BATCH_LIMITS, type HttpBatchServerOptions } from "./batch-limits.js";

/** The answer to a batch. */
export interface BatchAnswer {
  readonly status: 200 | 400 | 413;
  readonly body: string;
}

/** Lets it be known that nobody waits for an answer any more: calls back at once if so already. */
export type Abandonment = (gone: () => void) => void;

/** The server's end of one batch: everything arrives at once, everything leaves at once. */
class BatchTransport {
  readonly sent: string[] = [];
  failure: { readonly reason: unknown } | undefined;
  #sink: MessageSink | undefined;

  constructor() {
    announceDelivery(this, (sink) => {
      this.#sink = sink;
    });
  }

  send(message: string): void {
    this.sent.push(message);
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

  end(): void {
    this.#sink?.failed(batchEnded);
  }
}

/**
 * Carries out a batch and answers when every result that was asked for is there, or the time is up.
 * Nothing a peer sends makes it reject; what is malformed is answered with an abort. §2.3
 *
 * @param abandonment ends the session before its time
 */
export async function serveBatch(
  body: string,
  localMain: unknown,
  options: HttpBatchServerOptions,
  abandonment: Abandonment,
): Promise<BatchAnswer> {
  const { maxMessages, maxTimeMs } = { ...DEFAULT_BATCH_LIMITS, ...options.batch };
  const lines = body.split("\n").filter((line) => line.trim() !== "");
  if (lines.length > (maxMessages ?? DEFAULT_BATCH_LIMITS.maxMessages)) {
    return refusedBatch(413, "The batch holds too many messages.");
  }
  const transport = new BatchTransport();
  const session = new RpcSession(transport, localMain, options);
  transport.deliver(lines);
  await answered(session, maxTimeMs ?? DEFAULT_BATCH_LIMITS.maxTimeMs, abandonment);
  if (transport.failure !== undefined) return abortAnswer(transport);
  const answer = transport.sent.join("\n");
  transport.end();
  return { status: 200, body: answer };
}

/** Answers a batch that is not carried out at all. */
export function refusedBatch(status: 400 | 413, message: string): BatchAnswer {
  return { status, body: JSON.stringify(["abort", ["error", "Error", message]]) };
}

function abortAnswer({ sent }: BatchTransport): BatchAnswer {
  const last = sent.at(-1);
  return last?.startsWith('["abort"') === true
    ? { status: 400, body: last }
    : refusedBatch(400, "The batch was aborted by its sender.");
}

/** Resolves when all is answered, the time is up, or nobody waits any more. */
function answered(session: RpcSession, maxTimeMs: number, abandonment: Abandonment): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, maxTimeMs);
    const finish = (): void => {
      clearTimeout(timer);
      resolve();
    };
    abandonment(finish);
    // Why a session ended its transport knows.
    session.drain().then(finish, finish);
  });
}
