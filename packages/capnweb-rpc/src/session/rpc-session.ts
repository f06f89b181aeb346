import { allowCollections } from "../core/own-value.js";
import { awaitHook } from "../core/await-hook.js";
import { type DropPolicy, dropWatch } from "../core/drop-watch.js";
import { failedHook, Hook } from "../core/hook.js";
import { localHook } from "../core/stub.js";
import { stubOf } from "../core/stub-handle.js";
import { completeLimits, type RpcLimits } from "../limits.js";
import { hostClock } from "../streams/monotonic-clock.js";
import type { ErrorClass } from "../wire/error-value.js";
import { nativeValues } from "../wire/encoding-level.js";
import { parseMessage } from "../wire/message-text.js";
import type { RpcStub } from "../types.js";
import { ErrorPolicy, type OnSendError } from "./error-policy.js";
import { outletFor } from "./outlet.js";
import { SessionCore } from "./session-core.js";
import type { SessionHooks, SessionTap } from "./session-hooks.js";
import { type AnyRpcTransport, deliveryOf } from "./transport.js";

// Making an error takes longer than all the rest of a session; nobody is to blame for this one.
const noMain = new Error("This connection has no main object.");

/** What may be chosen for a session. */
export interface RpcSessionOptions {
  /** Answers the error to send instead, with its stack; nothing to send the error as it is. §11.1 */
  readonly onSendError?: OnSendError | undefined;
  /**
   * Classes for the peer's errors, by the `name` they are sent with; beside those of the language.
   * Local: the peer learns nothing of them. §11.2
   */
  readonly errorClasses?: ReadonlyMap<string, ErrorClass> | undefined;
  /** Limits of incoming messages; absent ones are {@link DEFAULT_SESSION_LIMITS}. */
  readonly limits?: Partial<RpcLimits> | undefined;
  /** What becomes of stubs and promises that are dropped without being disposed. */
  readonly dropped?: DropPolicy | undefined;
  /**
   * Lets `Map`, `Set` and `RegExp` cross: only for a peer that does the same, since any other ends
   * the session at the first of them. Local calls of this process take them from then on, too.
   * `received` takes them from the peer, and sends none. §5.5
   */
  readonly extraValues?: boolean | "received" | undefined;
  /** What looks on. */
  readonly hooks?: SessionHooks | undefined;
}

/** How many entries the tables of a session have, the two main objects included. */
export interface RpcSessionStats {
  /** Objects and promises of the peer that are held here. */
  imports: number;
  /** Objects and results of this side that the peer may refer to. */
  exports: number;
}

/** A session with one peer over any transport. spec/capnweb.md §1.1, §2.6 */
export class RpcSession<T = unknown> {
  readonly #core: SessionCore;

  /**
   * Starts at once. `localMain` is what the peer's main stub stands for.
   *
   * @throws TypeError for an encoding level that does not exist.
   */
  constructor(transport: AnyRpcTransport, localMain?: unknown, options: RpcSessionOptions = {}) {
    const level = transport.encodingLevel ?? "string";
    const collections = options.extraValues === true;
    const natives = { ...nativeValues(level), collections };
    const takesCollections = collections || options.extraValues === "received";
    if (collections) allowCollections();
    const limits = completeLimits(options.limits);
    const tap = options.hooks?.tap;
    const core: SessionCore = new SessionCore({
      outlet: outletFor(transport, (reason) => core.fail(reason, { tellPeer: false }), tap),
      main: localMain === undefined ? failedHook(noMain) : localHook(localMain),
      limits,
      natives,
      takesCollections,
      errorClasses: options.errorClasses,
      clock: hostClock,
      dropWatch: dropWatch(options.dropped),
      errors: new ErrorPolicy(options.onSendError),
      pulled: options.hooks?.pulled,
      refusal: options.hooks?.refusal,
      ended: (reason) => {
        abort(transport, reason);
        tap?.ended(reason);
      },
    });
    this.#core = core;
    const take =
      tap === undefined
        ? (message: unknown) => core.receive(message)
        : (message: unknown) => tap.received(message, () => core.receive(message));
    const receive = level === "string" ? textReceiver(core, limits, take) : take;
    listen(transport, core, tap === undefined ? receive : counted(tap, receive));
  }

  /** Answers a stub of the peer's main object. Disposing it ends the session. */
  getRemoteMain(): RpcStub<T> {
    return stubOf(new Hook(this.#core.remoteMain)) as unknown as RpcStub<T>;
  }

  /** Counts what both tables hold: a session at rest has one entry in each. */
  getStats(): RpcSessionStats {
    return this.#core.stats;
  }

  /** Bytes, estimated, that were written to streams at this end and not taken up yet. spec/capnweb.md §9.4 */
  get waitingStreamBytes(): number {
    return this.#core.streamBudget.bytes;
  }

  /** Resolves when the peer has answered a message that runs nothing. spec/capnweb.md §4.5 */
  async ping(): Promise<void> {
    const hook = this.#core.probe();
    try {
      await awaitHook(hook);
    } finally {
      hook.dispose();
    }
  }

  /** Ends the session here: calls in flight fail with `reason`. The peer sees the connection close. */
  end(reason: unknown): void {
    this.#core.fail(reason, { tellPeer: false });
  }

  /** Resolves when every result that the peer asked for has been sent. */
  drain(): Promise<void> {
    return this.#core.drain();
  }
}

function counted(tap: SessionTap, receive: (message: unknown) => void): (message: unknown) => void {
  return (message) => {
    tap.carried("in", message);
    receive(message);
  };
}

function textReceiver(
  core: SessionCore,
  limits: RpcLimits,
  take: (message: unknown) => void,
): (message: unknown) => void {
  return (message) => {
    let parsed: unknown;
    try {
      const text = message as string;
      if (text.length > limits.maxMessageSize) {
        throw new TypeError(
          `Incoming message exceeds maximum size of ${limits.maxMessageSize} UTF-16 code units.`,
        );
      }
      parsed = parseMessage(text);
    } catch (error) {
      core.fail(error, { tellPeer: true });
      return;
    }
    take(parsed);
  };
}

function listen(
  transport: AnyRpcTransport,
  core: SessionCore,
  receive: (message: unknown) => void,
): void {
  const deliver = deliveryOf(transport);
  if (deliver !== undefined) {
    deliver({
      received: receive,
      failed: (reason) => core.fail(reason, { tellPeer: false }),
    });
    return;
  }
  // Somebody else's transport may fail to receive and be able to send still.
  const failed = (reason: unknown): void => core.fail(reason, { tellPeer: true });
  const ask = (): void => {
    if (core.ended) return;
    let asked: Promise<unknown>;
    try {
      asked = transport.receive();
    } catch (error) {
      failed(error);
      return;
    }
    asked.then((message) => {
      if (core.ended) return;
      receive(message);
      ask();
    }, failed);
  };
  ask();
}

/** Whatever goes wrong while a transport is told of the end, the end goes on. */
function abort(transport: AnyRpcTransport, reason: unknown): void {
  try {
    transport.abort?.(reason);
  } catch {
    // There is nobody left to tell.
  }
}
