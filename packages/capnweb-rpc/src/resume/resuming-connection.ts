import { isWireError } from "@proj/wire-types";
import { systemTime } from "@proj/wire-types/system";
import { Connection, type ConnectionOptions } from "../connect/connection.js";
import { DurableCapability } from "../connect/durable-capability.js";
import type { Connector } from "../connect/link.js";
import { Hook } from "../core/hook.js";
import { localHook } from "../core/stub.js";
import { stubOf } from "../core/stub-handle.js";
import { CapnwebError } from "../errors.js";
import type { RpcStub } from "../types.js";
import type { ResumeService } from "./resumable-session.js";

/** What may be chosen for a connection that restores its objects. */
export interface ResumingOptions<T> extends ConnectionOptions<T> {
  /** Finds the service on the main object; logging in first where the peer asks for that. */
  readonly resume: (main: RpcStub<T>) => RpcStub<ResumeService> | Promise<RpcStub<ResumeService>>;
  /** A token kept from before. */
  readonly token?: string | undefined;
  /** Hears of every new token, to keep it; of `undefined` when the peer refused the last one. */
  readonly onToken?: ((token: string | undefined) => void) | undefined;
}

/**
 * A connection whose objects survive it: after a reconnect they are restored by token, and the stubs
 * that {@link ResumingConnection.object} gave out stand for the new ones. spec/capnweb.md §18.2
 */
export class ResumingConnection<T = unknown> implements Disposable {
  /** The connection underneath: states, drain, close. */
  readonly connection: Connection<T>;
  readonly #options: ResumingOptions<T>;
  readonly #objects = new Map<
    string,
    { readonly durable: DurableCapability; readonly stub: object }
  >();
  #service: RpcStub<ResumeService> | undefined;
  #token: string | undefined;

  /** Begins to connect at once. */
  constructor(connector: Connector<T>, options: ResumingOptions<T>) {
    this.#options = options;
    this.#token = options.token;
    this.connection = new Connection<T>(connector, {
      ...options,
      prepare: async (main) => {
        await options.prepare?.(main);
        await this.#prepare(main);
      },
      onState: (state) => {
        for (const { durable } of this.#objects.values()) {
          if (state.kind === "reconnecting") durable.wait();
          if (state.kind === "closed") durable.fail(state.reason);
        }
        options.onState?.(state);
      },
    });
  }

  /** The peer's main object. @see Connection.main */
  get main(): RpcStub<T> {
    return this.connection.main;
  }

  /** The newest token. */
  get token(): string | undefined {
    return this.#token;
  }

  /**
   * Answers the stub of an object by its name at the peer. Calls wait until it has been restored, and
   * fail with {@link CapnwebError} `capnweb.resume_refused` when it cannot be.
   */
  object<O>(key: string): RpcStub<O> {
    return this.#object(key).stub as RpcStub<O>;
  }

  /**
   * Lets `stub`, which the peer has marked as `key`, survive: answers a stub that is restored with
   * the connection, and has the peer issue a token that holds it.
   */
  async keep<O>(key: string, stub: RpcStub<O>): Promise<RpcStub<O>> {
    const object = this.#object(key);
    object.durable.use(localHook(stub));
    await this.checkpoint();
    return object.stub as RpcStub<O>;
  }

  /** Has the peer issue a token for what it has marked by now. */
  async checkpoint(): Promise<void> {
    await this.connection.opened();
    const grant = await this.#service?.issue();
    if (grant !== undefined) this.#keepToken(grant.token);
  }

  /** Closes the connection; the token stays valid. */
  [Symbol.dispose](): void {
    this.connection.close();
  }

  async #prepare(main: RpcStub<T>): Promise<void> {
    this.#service = await this.#options.resume(main);
    if (this.#token === undefined) return;
    try {
      const restored = await this.#service.restore(this.#token);
      this.#keepToken(restored.grant.token);
      this.#point(restored.objects);
      restored[Symbol.dispose]();
    } catch (error) {
      // Anything else is a failed attempt, after which the same token is tried again.
      if (!isWireError(error) || error.code !== "capnweb.resume_refused") throw error;
      this.#keepToken(undefined);
      this.#point({});
    }
  }

  /** Objects that were not restored are gone; a stub of one that was fails no more. */
  #point(objects: Readonly<Record<string, object>>): void {
    for (const [key, object] of this.#objects) {
      if (Object.hasOwn(objects, key)) continue;
      object.durable.fail(new CapnwebError("capnweb.resume_refused", `"${key}" was not restored`));
      this.#objects.delete(key);
    }
    for (const [key, stub] of Object.entries(objects)) {
      this.#object(key).durable.use(localHook(stub));
    }
  }

  #object(key: string): { readonly durable: DurableCapability; readonly stub: object } {
    const known = this.#objects.get(key);
    if (known !== undefined) return known;
    const { outage = {}, time = systemTime } = this.#options;
    const durable = new DurableCapability(outage, time, () => this.#objects.delete(key));
    const { state } = this.connection;
    if (state.kind === "closed") durable.fail(state.reason);
    const object = { durable, stub: stubOf(new Hook(durable)) };
    this.#objects.set(key, object);
    return object;
  }

  #keepToken(token: string | undefined): void {
    this.#token = token;
    this.#options.onToken?.(token);
  }
}
