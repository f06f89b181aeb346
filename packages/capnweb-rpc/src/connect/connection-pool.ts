import type { RandomSource } from "@proj/wire-types";
import { uniform } from "@proj/wire-types";
import { systemRandom, systemTime } from "@proj/wire-types/system";
import { Hook } from "../core/hook.js";
import { stubOf } from "../core/stub-handle.js";
import type { RpcStub } from "../types.js";
import { Connection, type ConnectionOptions } from "./connection.js";
import type { Connector } from "./link.js";
import { PoolCapability } from "./pool-capability.js";

/** What may be chosen for a pool. */
export interface ConnectionPoolOptions<T = unknown> extends ConnectionOptions<T> {
  /** Connections. Default 4. */
  readonly size?: number | undefined;
  /** Which of the healthy ones takes a call. Default `leastOutstanding`. */
  readonly choice?: "leastOutstanding" | "roundRobin" | undefined;
  /** Milliseconds after which a connection is replaced, drawn within a tenth of it. Default: never. */
  readonly maxLifetimeMs?: number | undefined;
  /** Milliseconds that a replaced connection has to finish. Default 30 000. */
  readonly drainMs?: number | undefined;
}

/**
 * Several connections to one endpoint. A call on {@link ConnectionPool.main} goes to one that is
 * open, if any is; what it gives stays with the session it came from. spec/capnweb.md §20.3
 */
export class ConnectionPool<T = unknown> implements Disposable {
  /** The peer's main object, in whichever session takes the call. Disposing it closes the pool. */
  readonly main: RpcStub<T>;
  readonly #connector: Connector<T>;
  readonly #options: ConnectionPoolOptions<T>;
  readonly #random: RandomSource;
  readonly #members: Connection<T>[] = [];
  readonly #leaving = new Set<Promise<boolean>>();
  #turn = 0;
  #closed = false;

  /** Begins to connect at once. */
  constructor(connector: Connector<T>, options: ConnectionPoolOptions<T> = {}) {
    const { size = 4 } = options;
    if (!Number.isSafeInteger(size) || size < 1) throw new RangeError(`a pool of ${size}`);
    this.#connector = connector;
    this.#options = options;
    this.#random = options.random ?? systemRandom;
    for (let slot = 0; slot < size; slot++) this.#members.push(this.#join(slot));
    const capability = new PoolCapability(
      () => this.acquire(),
      () => this.close(),
    );
    this.main = stubOf(new Hook(capability)) as unknown as RpcStub<T>;
  }

  /** The connections, replaced ones excluded. */
  get members(): readonly Connection<T>[] {
    return this.#members;
  }

  /** Whether any connection is open. */
  get ready(): boolean {
    return this.#members.some(({ ready }) => ready);
  }

  /** Answers the main stub of the connection that the next call would go to: for calls that belong together. */
  acquire(): RpcStub<T> {
    const open = this.#members.filter(({ ready }) => ready);
    const candidates = open.length > 0 ? open : this.#members;
    const start = this.#turn++ % candidates.length;
    const inTurn = [...candidates.slice(start), ...candidates.slice(0, start)];
    if (this.#options.choice !== "roundRobin") {
      inTurn.sort((a, b) => a.outstanding - b.outstanding);
    }
    return (inTurn[0] as Connection<T>).main;
  }

  /** Drains every connection. @returns whether everything was answered in time. */
  async drain(deadlineMs: number): Promise<boolean> {
    this.#closed = true;
    const drained = this.#members.map((member) => member.drain(deadlineMs));
    const outcomes = await Promise.all([...drained, ...this.#leaving]);
    return outcomes.every(Boolean);
  }

  /** Closes every connection. */
  close(): void {
    this.#closed = true;
    for (const member of this.#members) member.close();
  }

  /** Closes every connection. */
  [Symbol.dispose](): void {
    this.close();
  }

  #join(slot: number): Connection<T> {
    const member = new Connection<T>(this.#connector, this.#options);
    const { maxLifetimeMs, time = systemTime } = this.#options;
    if (maxLifetimeMs !== undefined) {
      // Members that began together are not replaced together.
      const lifetimeUs = maxLifetimeMs * 1000 * (0.9 + 0.1 * uniform(this.#random));
      time.schedule(lifetimeUs, () => this.#replace(slot, member));
    }
    return member;
  }

  #replace(slot: number, member: Connection<T>): void {
    if (this.#closed) return;
    const successor = this.#join(slot);
    void successor.opened().then(
      () => {
        this.#members[slot] = successor;
        const leaving = member.drain(this.#options.drainMs ?? 30_000);
        this.#leaving.add(leaving);
        void leaving.finally(() => this.#leaving.delete(leaving));
      },
      // The old one stays where no new one can be had.
      () => undefined,
    );
  }
}
