import { type WireError, wireError } from "@proj/wire-types";
import { transportError } from "./transport-error.js";

/** Milliseconds that connecting may take unless the caller says otherwise. */
const CONNECT_TIMEOUT_MS = 10_000;

/** What every way of connecting understands. */
export interface ConnectOptions {
  /** Milliseconds until connecting fails with `wire.timeout`, TLS and HTTP handshakes included. Default 10 000. */
  readonly timeoutMs?: number;
  /** Gives up with `wire.cancelled`; without effect once connected. */
  readonly signal?: AbortSignal;
  /** Lets a transport without encryption leave this host. spec/xcp.md §20 */
  readonly allowInsecure?: boolean;
  /** Queued bytes from which `write` answers `false`. Default 262 144. */
  readonly highWaterBytes?: number;
}

/**
 * Runs one attempt to connect under the time limit and the signal of `options`.
 *
 * @param where The target, for people.
 * @param run Connects; when its signal fires it lets go of everything and rejects, with whatever reason.
 */
export async function connectWithin<T>(
  where: string,
  options: ConnectOptions,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const timeoutMs = options.timeoutMs ?? CONNECT_TIMEOUT_MS;
  const stop = new AbortController();
  let reason: WireError | undefined;
  const giveUp = (error: WireError): void => {
    reason = error;
    stop.abort(error);
  };
  const cancel = (): void => {
    giveUp(
      wireError("wire.cancelled", `connecting to ${where} was cancelled`, {
        cause: options.signal?.reason,
      }),
    );
  };
  const timer = setTimeout(() => {
    giveUp(wireError("wire.timeout", `connecting to ${where} took longer than ${timeoutMs} ms`));
  }, timeoutMs);
  options.signal?.addEventListener("abort", cancel, { once: true });
  if (options.signal?.aborted === true) cancel();
  try {
    stop.signal.throwIfAborted();
    return await run(stop.signal);
  } catch (thrown) {
    throw reason ?? transportError(thrown, where, "wire.connection_failed");
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", cancel);
  }
}
