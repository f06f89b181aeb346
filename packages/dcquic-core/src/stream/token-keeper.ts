import { RecentMap } from "../sched/recent-map.js";
import { formatId, type Id64 } from "../wire/id64.js";
import type { EnginePort } from "./engine-port.js";
import type { Stream } from "./stream.js";

/** How far a watched token came. */
type TokenReached = "reached" | "failed";

interface Watcher {
  readonly wait: "request" | "response";
  readonly done: (how: TokenReached) => void;
}

const REMEMBERED_FAILURES = 4096;

/**
 * Settles the tokens of streams: a token names the opening transfer, but stands for the whole call.
 *
 * @see spec/dcquic.md §5, D-20
 */
export class TokenKeeper {
  readonly #port: EnginePort;
  // By slot, which no two live tokens share.
  readonly #streams = new Map<number, Stream>();
  readonly #watchers = new Map<Stream, Watcher[]>();
  // By name.
  readonly #failed = new RecentMap<string, true>(REMEMBERED_FAILURES);

  /** Settles them at the engine of `port`. */
  constructor(port: EnginePort) {
    this.#port = port;
  }

  /** The stream whose token this is. */
  streamOf(token: Id64): Stream | undefined {
    const stream = this.#streams.get(token.lo);
    return stream?.token?.hi === token.hi ? stream : undefined;
  }

  /** Begins to answer for a stream's token. */
  hold(stream: Stream, token: Id64): void {
    stream.token = token;
    this.#streams.set(token.lo, stream);
  }

  /**
   * Tells when a token came as far as `wait` says, or failed before; at once if that is so already. For calls of other
   * workers, whose engines know nothing of it.
   */
  watch(token: Id64, wait: Watcher["wait"], done: Watcher["done"]): void {
    const stream = this.streamOf(token);
    if (stream === undefined) return done(this.#failed.has(formatId(token)) ? "failed" : "reached");
    if (wait === "request" && stream.extras.tokenSettled === "request") return done("reached");
    const watchers = this.#watchers.get(stream) ?? [];
    watchers.push({ wait, done });
    this.#watchers.set(stream, watchers);
  }

  /** Says how far the stream came; what was said before is not repeated. */
  settle(stream: Stream, outcome: "requestDone" | "complete" | "failed"): void {
    const { token } = stream;
    if (token === undefined) return;
    const { tokenSettled } = stream.extras;
    if (tokenSettled === "yes") return;
    if (outcome === "requestDone" && tokenSettled === "request") return;
    stream.ownExtras.tokenSettled = outcome === "requestDone" ? "request" : "yes";
    if (outcome !== "requestDone") this.#streams.delete(token.lo);
    if (outcome === "failed") this.#failed.set(formatId(token), true);
    this.#port.settleToken(token, outcome);
    this.#tell(stream, outcome);
  }

  #tell(stream: Stream, outcome: "requestDone" | "complete" | "failed"): void {
    const watchers = this.#watchers.get(stream);
    if (watchers === undefined) return;
    const waiting = watchers.filter(({ wait }) => outcome === "requestDone" && wait === "response");
    if (waiting.length > 0) this.#watchers.set(stream, waiting);
    else this.#watchers.delete(stream);
    for (const watcher of watchers) {
      if (!waiting.includes(watcher)) watcher.done(outcome === "failed" ? "failed" : "reached");
    }
  }
}
