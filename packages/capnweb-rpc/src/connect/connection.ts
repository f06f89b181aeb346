import type { Clock, RandomSource, Timer, Timers } from "@proj/wire-types";
import { systemRandom, systemTime } from "@proj/wire-types/system";
import { Hook } from "../core/hook.js";
import { localHook } from "../core/stub.js";
import { stubOf } from "../core/stub-handle.js";
import { CapnwebError } from "../errors.js";
import type { RpcStub } from "../types.js";
import {
  closedError,
  ConnectionEngine,
  type ConnectionRules,
  type ConnectionState,
} from "./connection-engine.js";
import { DurableCapability, type OutagePolicy } from "./durable-capability.js";
import { type Connector, endLink, type Link, NORMAL_CLOSURE } from "./link.js";
import { Outstanding } from "./outstanding.js";
import { withinMs } from "./within.js";

/** What may be chosen for a connection. */
export interface ConnectionOptions<T = unknown> extends ConnectionRules {
  /** What becomes of calls while there is no session. Default: they are queued. */
  readonly outage?: OutagePolicy | undefined;
  /** Milliseconds that a result may take from when the peer is asked for it. Default: no limit. */
  readonly callTimeoutMs?: number | undefined;
  /** Runs in every new session before kept calls are made; a rejection is a failed attempt. */
  readonly prepare?: ((main: RpcStub<T>) => Promise<void> | void) | undefined;
  /** Closes the connection for good when it is aborted, with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Hears of every state that is entered; must not throw. */
  readonly onState?: ((state: ConnectionState) => void) | undefined;
  /** Hears of every answered ping, and how long it took, in milliseconds. */
  readonly onPing?: ((roundTripMs: number) => void) | undefined;
  /** The clock and the timers; the host's where absent, which do not keep a process alive. */
  readonly time?: (Clock & Timers) | undefined;
  /** What waits are drawn from; the host's where absent. */
  readonly random?: RandomSource | undefined;
}

/**
 * A connection that comes back: opens a link, watches over it, opens another one when it is lost.
 * {@link Connection.main} stands for the peer's main object all along; stubs that came from it stay
 * with the session they came from.
 *
 * The rules are those of {@link ConnectionEngine}; this class drives it.
 *
 * @see spec/capnweb.md §20
 */
export class Connection<T = unknown> implements Disposable {
  /** The peer's main object, in whichever session there is. Disposing it closes the connection. */
  readonly main: RpcStub<T>;
  readonly #connector: Connector<T>;
  readonly #options: ConnectionOptions<T>;
  readonly #time: Clock & Timers;
  readonly #engine: ConnectionEngine;
  readonly #durable: DurableCapability;
  readonly #outstanding: Outstanding;
  readonly #waiting: { resolve: () => void; reject: (reason: unknown) => void }[] = [];
  #link: Link<T> | undefined;
  #opening: AbortController | undefined;
  #timer: Timer | undefined;
  readonly #aborted = (): void => this.close(this.#options.signal?.reason);

  /** Begins to connect at once. */
  constructor(connector: Connector<T>, options: ConnectionOptions<T> = {}) {
    this.#connector = connector;
    this.#options = options;
    this.#time = options.time ?? systemTime;
    this.#engine = new ConnectionEngine(options, options.random ?? systemRandom);
    this.#outstanding = new Outstanding(this.#time, options.callTimeoutMs);
    this.#durable = new DurableCapability(options.outage ?? {}, this.#time, () => this.close());
    this.main = stubOf(new Hook(this.#durable)) as unknown as RpcStub<T>;
    this.#engine.start(this.#time.nowUs());
    if (options.signal?.aborted === true) this.#engine.close(options.signal.reason);
    else options.signal?.addEventListener("abort", this.#aborted, { once: true });
    this.#advance();
  }

  /** How the connection stands. */
  get state(): ConnectionState {
    return this.#engine.state;
  }

  /** How many results are being awaited. */
  get outstanding(): number {
    return this.#outstanding.count;
  }

  /** Whether new calls are carried out now: what a readiness probe asks. */
  get ready(): boolean {
    return this.#engine.state.kind === "open";
  }

  /** How many entries the tables of the session have; `undefined` while there is none. */
  get stats(): { readonly imports: number; readonly exports: number } | undefined {
    return this.#link?.session.getStats();
  }

  /** Resolves as soon as there is a session. @throws what the connection closed with. */
  opened(): Promise<void> {
    const { state } = this.#engine;
    if (state.kind === "open") return Promise.resolve();
    // Whatever the connection ended with.
    if (state.kind === "closed") return Promise.reject(state.reason);
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  /** Tries to connect now instead of waiting on: for a host that came back online or into view. */
  wake(): void {
    this.#engine.wake(this.#time.nowUs());
    this.#advance();
  }

  /**
   * Refuses new calls, waits for the results that are awaited on either side, `deadlineMs`
   * milliseconds at most, and closes.
   *
   * @returns whether everything was answered in time.
   */
  async drain(deadlineMs: number): Promise<boolean> {
    this.#durable.refuse(new CapnwebError("capnweb.draining", "the connection is being closed"));
    this.#engine.drain();
    this.#advance();
    const session = this.#link?.session;
    if (session === undefined) return true;
    const answered = Promise.all([this.#outstanding.idle(), session.drain()]).then(
      () => true,
      () => false,
    );
    const done = await withinMs(this.#time, deadlineMs, answered);
    this.close();
    return done;
  }

  /** Closes for good. What is in flight fails with `reason`, or {@link CapnwebError} `capnweb.closed`. */
  close(reason: unknown = closedError()): void {
    this.#engine.close(reason);
    this.#advance();
  }

  /** Closes for good. */
  [Symbol.dispose](): void {
    this.close();
  }

  #advance(): void {
    for (let command = this.#engine.nextCommand(); command; command = this.#engine.nextCommand()) {
      if (command.kind === "open") void this.#open();
      else if (command.kind === "ping") void this.#ping();
      else if (command.kind === "drop") this.#drop(command.reason);
      else this.#opening?.abort(command.reason);
    }
    for (let state = this.#engine.nextState(); state; state = this.#engine.nextState()) {
      this.#entered(state);
    }
    this.#timer?.cancel();
    const deadlineUs = this.#engine.nextDeadline();
    if (deadlineUs === undefined) return;
    this.#timer = this.#time.schedule(deadlineUs - this.#time.nowUs(), () => {
      this.#engine.tick(this.#time.nowUs());
      this.#advance();
    });
  }

  #entered(state: ConnectionState): void {
    if (state.kind === "reconnecting") this.#durable.wait();
    if (state.kind === "open") for (const { resolve } of this.#waiting.splice(0)) resolve();
    if (state.kind === "closed") {
      this.#options.signal?.removeEventListener("abort", this.#aborted);
      this.#durable.fail(state.reason);
      for (const { reject } of this.#waiting.splice(0)) reject(state.reason);
    }
    this.#options.onState?.(state);
  }

  async #open(): Promise<void> {
    const opening = new AbortController();
    this.#opening = opening;
    let link: Link<T> | undefined;
    try {
      const hooks = { pulled: this.#outstanding.add.bind(this.#outstanding) };
      link = await this.#connector({ signal: opening.signal, hooks });
      const main = link.session.getRemoteMain();
      const ends: unknown[] = [];
      main.onRpcBroken((reason) => {
        ends.push(reason);
        this.#lost(link, reason);
      });
      await this.#options.prepare?.(main);
      if (ends.length > 0) throw ends[0];
      this.#arrived(link, opening.signal);
    } catch (error) {
      if (link !== undefined) endLink(link, NORMAL_CLOSURE, "", error);
      if (opening.signal.aborted) return;
      this.#engine.openFailed(this.#time.nowUs(), error);
      this.#advance();
    }
  }

  #arrived(link: Link<T>, signal: AbortSignal): void {
    if (signal.aborted || !this.#engine.opened(this.#time.nowUs())) {
      endLink(link, NORMAL_CLOSURE, "", closedError());
      return;
    }
    this.#link = link;
    this.#durable.use(localHook(link.session.getRemoteMain()));
    this.#advance();
  }

  #lost(link: Link<T> | undefined, reason: unknown): void {
    if (link === undefined || link !== this.#link) return;
    this.#link = undefined;
    this.#engine.lost(this.#time.nowUs(), reason);
    this.#advance();
  }

  async #ping(): Promise<void> {
    const link = this.#link;
    if (link === undefined) return;
    try {
      await (link.ping?.() ?? link.session.ping());
    } catch {
      // A session that ended says so itself.
      return;
    }
    if (link !== this.#link) return;
    const roundTripUs = this.#engine.answered(this.#time.nowUs());
    if (roundTripUs !== undefined) this.#options.onPing?.(roundTripUs / 1000);
    this.#advance();
  }

  #drop(reason: unknown): void {
    const link = this.#link;
    this.#link = undefined;
    if (link !== undefined) endLink(link, NORMAL_CLOSURE, "", reason);
  }
}
