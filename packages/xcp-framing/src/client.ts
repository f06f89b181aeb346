import { asWireError, type Timer, type WireError, wireError } from "@proj/wire-types";
import { backoffMs } from "./backoff.js";
import type { ClientOptions, ClientState } from "./client-options.js";
import type { Connection } from "./connection.js";
import { Dialler } from "./dialler.js";
import { XcpError } from "./errors.js";
import { onKeysOld } from "./key-age.js";
import type { IncomingMessage, OutgoingMessage, RequestOptions } from "./message.js";
import { newSessionMemory, type SessionMemory } from "./session-memory.js";

const DEFAULT_TIMEOUT_MS = 30_000;

interface Waiter {
  resolve(connection: Connection): void;
  reject(error: WireError): void;
}

/** One message on its way through the connections of a client. */
interface Journey {
  readonly message: OutgoingMessage;
  readonly options: RequestOptions;
  readonly wants: "reply" | "nothing";
  readonly deadlineUs: number;
  /** Its id and the session that id belongs to. */
  msgId: number | undefined;
  session: SessionMemory | undefined;
}

/**
 * Talks to one endpoint over as many connections as that takes.
 *
 * ```
 * idle → connecting → connected ─lost, GOAWAY, rotation→ connecting
 *            ↓  ↑         └────────close────────→ closed
 *            waiting (full jitter)
 * ```
 *
 * A message that was under way when its connection was lost is sent again: under its old id where the peer still knows the
 * session, so that it runs once; otherwise only if it is `idempotent`.
 *
 * @see spec/xcp.md §5, §10, §12
 */
export class XcpClient {
  readonly #options: ClientOptions;
  #state: ClientState = { kind: "idle" };
  #session: SessionMemory;
  readonly #dialler: Dialler;
  #waiters: Waiter[] = [];
  #everConnected = false;
  #timer: Timer | undefined;
  readonly #draining = new Set<Connection>();

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#dialler = new Dialler(options);
    this.#session = options.session ?? newSessionMemory(options.platform.random);
  }

  /** What the client is doing. */
  get state(): ClientState {
    return this.#state;
  }

  /**
   * Resolves with an open connection. The very first attempt is the only one: an endpoint that was never reached is
   * reported at once.
   *
   * @throws WireError why there is none
   */
  connect(): Promise<Connection> {
    const open = this.#openConnection();
    if (open !== undefined) return Promise.resolve(open);
    return new Promise((resolve, reject) => {
      if (this.#state.kind === "closed") {
        reject(this.#state.error ?? wireError("wire.closed", "the client was closed"));
        return;
      }
      this.#waiters.push({ resolve, reject });
      if (this.#state.kind !== "connecting" && this.#state.kind !== "waiting") this.#dial(0);
    });
  }

  /**
   * Sends a message and resolves with its reply; see {@link Connection.request}.
   *
   * @throws XcpError as there, after what can be repeated was repeated
   */
  request(message: OutgoingMessage, options: RequestOptions = {}): Promise<IncomingMessage> {
    return this.#send(this.#begin(message, options, "reply")) as Promise<IncomingMessage>;
  }

  /**
   * Sends a message that wants no reply; see {@link Connection.send}.
   *
   * @throws XcpError as there
   */
  async send(message: OutgoingMessage, options: RequestOptions = {}): Promise<void> {
    await this.#send(this.#begin(message, options, "nothing"));
  }

  /** Measures the way to the peer and back, in microseconds. */
  async ping(): Promise<number> {
    return (await this.connect()).ping();
  }

  /** Ends in order: what is under way finishes, at most 5 s. */
  async close(): Promise<void> {
    const open = this.#openConnection();
    this.#shut(undefined);
    const all = [...this.#draining, ...(open === undefined ? [] : [open])];
    await Promise.all(all.map((connection) => connection.close()));
  }

  #begin(message: OutgoingMessage, options: RequestOptions, wants: Journey["wants"]): Journey {
    const timeoutMs = options.timeoutMs ?? this.#options.requestTimeoutMs ?? DEFAULT_TIMEOUT_MS;
    return {
      message,
      options,
      wants,
      deadlineUs: timeoutMs === 0 ? Number.POSITIVE_INFINITY : this.#nowUs() + timeoutMs * 1000,
      msgId: undefined,
      session: undefined,
    };
  }

  #send(journey: Journey): Promise<IncomingMessage | undefined | void> {
    const open = this.#openConnection();
    const sent =
      open === undefined
        ? this.#whenConnected(journey).then((connection) => this.#sendOver(connection, journey))
        : this.#sendOver(open, journey);
    return sent.catch((error: unknown) => this.#recover(journey, asWireError(error)));
  }

  #sendOver(connection: Connection, journey: Journey): Promise<IncomingMessage | undefined | void> {
    const { message, deadlineUs } = journey;
    const resumeMsgId = journey.session === connection.session ? journey.msgId : undefined;
    const options: RequestOptions = {
      ...journey.options,
      timeoutMs: deadlineUs === Number.POSITIVE_INFINITY ? 0 : (deadlineUs - this.#nowUs()) / 1000,
      ...(resumeMsgId !== undefined && { resumeMsgId }),
      onMsgId: (msgId) => {
        journey.msgId = msgId;
        journey.session = connection.session;
        journey.options.onMsgId?.(msgId);
      },
    };
    return journey.wants === "reply"
      ? connection.request(message, options)
      : connection.send(message, options);
  }

  // The connection was lost or is closing; the peer's own refusals are final.
  async #recover(journey: Journey, error: WireError): Promise<IncomingMessage | undefined | void> {
    const { message, options } = journey;
    const lost = error.code === "wire.closed" || error.code === "wire.connection_failed";
    const refused = error.code === "xcp.going_away";
    const closed = this.#state.kind === "closed" || this.#options.reconnect === "never";
    if ((!lost && !refused) || closed || !(message.body instanceof Uint8Array)) throw error;
    if (this.#nowUs() >= journey.deadlineUs || options.signal?.aborted === true) throw error;
    if (refused) journey.msgId = undefined;
    const connection = await this.#whenConnected(journey);
    const neverLeft = journey.msgId === undefined;
    const sameSession = journey.session === connection.session;
    if (!neverLeft && !sameSession && options.idempotent !== true) throw error;
    return this.#sendAgain(connection, journey);
  }

  #sendAgain(
    connection: Connection,
    journey: Journey,
  ): Promise<IncomingMessage | undefined | void> {
    return this.#sendOver(connection, journey).catch((error: unknown) =>
      this.#recover(journey, asWireError(error)),
    );
  }

  #whenConnected(journey: Journey): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const { signal } = journey.options;
      let timer: Timer | undefined;
      const stop = (): void => {
        timer?.cancel();
        signal?.removeEventListener("abort", onAbort);
      };
      const onAbort = (): void => {
        stop();
        reject(new XcpError("xcp.cancelled", "cancelled by its sender", { cause: signal?.reason }));
      };
      if (signal?.aborted === true) {
        onAbort();
        return;
      }
      signal?.addEventListener("abort", onAbort, { once: true });
      if (journey.deadlineUs !== Number.POSITIVE_INFINITY) {
        timer = this.#options.platform.time.schedule(journey.deadlineUs - this.#nowUs(), () => {
          stop();
          reject(new XcpError("xcp.timeout", "no connection in time"));
        });
      }
      this.connect().finally(stop).then(resolve, reject);
    });
  }

  #openConnection(): Connection | undefined {
    return this.#state.kind === "connected" && !this.#state.connection.goingAway
      ? this.#state.connection
      : undefined;
  }

  #dial(attempt: number): void {
    this.#setState({ kind: "connecting", attempt });
    void this.#dialler.open(this.#session).then(
      (connection) => this.#connected(connection),
      (error: unknown) => this.#failed(asWireError(error, "wire.connection_failed"), attempt),
    );
  }

  #connected(connection: Connection): void {
    if (this.#state.kind === "closed") {
      connection.destroy();
      return;
    }
    this.#everConnected = true;
    this.#session = connection.session;
    this.#setState({ kind: "connected", connection });
    connection.onGoingAway(() => this.#replace(connection));
    void connection.closed.then((error) => this.#lost(connection, error));
    onKeysOld(connection, this.#options, () => this.#replace(connection));
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter.resolve(connection);
  }

  #failed(error: WireError, attempt: number): void {
    if (this.#state.kind === "closed") return;
    const { reconnect } = this.#options;
    const limits = reconnect === "never" || reconnect === undefined ? {} : reconnect;
    const most = limits.maxAttempts ?? Number.POSITIVE_INFINITY;
    const hopeless = !error.retryable && error.code.startsWith("xcp.");
    if (!this.#everConnected || reconnect === "never" || hopeless || attempt + 1 >= most) {
      this.#giveUp(error);
      return;
    }
    const delayMs = backoffMs(this.#options.platform.random, attempt, {
      ...(limits.baseMs !== undefined && { baseMs: limits.baseMs }),
      ...(limits.capMs !== undefined && { capMs: limits.capMs }),
    });
    this.#setState({ kind: "waiting", delayMs, error });
    this.#timer = this.#options.platform.time.schedule(delayMs * 1000, () =>
      this.#dial(attempt + 1),
    );
  }

  // A client that never reached its endpoint may be asked to try again; one that lost it for good may not.
  #giveUp(error: WireError): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    if (this.#everConnected) this.#shut(error);
    else this.#setState({ kind: "idle" });
    for (const waiter of waiters) waiter.reject(error);
  }

  #lost(connection: Connection, error: WireError | undefined): void {
    this.#draining.delete(connection);
    if (this.#state.kind !== "connected" || this.#state.connection !== connection) return;
    if (this.#options.reconnect === "never") this.#shut(error);
    else this.#dial(0);
  }

  // New messages go over a new connection while the old one finishes what it has.
  #replace(connection: Connection): void {
    if (this.#state.kind !== "connected" || this.#state.connection !== connection) return;
    this.#draining.add(connection);
    void connection.close();
    if (this.#options.reconnect === "never") this.#shut(undefined);
    else this.#dial(0);
  }

  #shut(error: WireError | undefined): void {
    this.#timer?.cancel();
    const waiters = this.#waiters;
    this.#waiters = [];
    this.#setState({ kind: "closed", error });
    const reason = error ?? wireError("wire.closed", "the client was closed");
    for (const waiter of waiters) waiter.reject(reason);
  }

  #setState(state: ClientState): void {
    this.#state = state;
    this.#options.onState?.(state);
  }

  #nowUs(): number {
    return this.#options.platform.time.nowUs();
  }
}
