import { AeronError } from "../errors.js";
import { BroadcastReceiver } from "../cnc/broadcast.js";
import { ToDriverRing } from "../cnc/to-driver-ring.js";
import { CommandEncoder, CommandType } from "../commands/command.js";
import { readResponse, type Response } from "../commands/response.js";
import { CountersReader } from "../counters/counters-reader.js";
import { ClientResources } from "./client-resources.js";
import type { ClientSetup } from "./client-setup.js";
import { ExclusivePublication } from "./exclusive-publication.js";
import { Heartbeat } from "./heartbeat.js";
import { PendingCommands } from "./pending-commands.js";
import { Publication } from "./publication.js";
import type { PublicationBase, PublicationSetup } from "./publication-base.js";
import { type ImageHandlers, Subscription } from "./subscription.js";
import type { UserCounter } from "./user-counter.js";

/** How often a client shows that it lives, in milliseconds. spec/aeron.md §10 */
const KEEPALIVE_MS = 500;
/** Answers that one turn takes in at most. */
const RESPONSES_PER_TURN = 64;

/**
 * An Aeron client: it asks a media driver for publications, subscriptions and counters, and keeps itself alive.
 *
 * ```
 *   open ──tick: driver silent, client forgotten, answers lost──▶ ended(reason)
 *     └────────────────────────close()───────────────────────────▶ ended
 * ```
 * A driver of the client calls `tick(nowMs)` several times a second; everything else happens in it or at once.
 * spec/aeron.md §10
 */
export class Client {
  /** This client's id at the driver. */
  readonly clientId: bigint;
  /** The counters of the driver and of all its clients. */
  readonly counters: CountersReader;
  readonly #ring: ToDriverRing;
  readonly #receiver: BroadcastReceiver;
  readonly #encoder: CommandEncoder;
  readonly #resources: ClientResources;
  readonly #driverTimeoutMs: number;
  readonly #livenessTimeoutMs: number;
  readonly #onClosed: (reason: AeronError | undefined) => void;
  readonly #pending: PendingCommands;
  readonly #heartbeat: Heartbeat;
  #nowMs: number;
  #nextCheckMs: number;
  #ended = false;

  /** Starts on a driver that is there. */
  constructor(setup: ClientSetup) {
    const { cnc } = setup;
    this.#ring = new ToDriverRing(cnc.toDriver);
    this.#receiver = new BroadcastReceiver(cnc.toClients, setup.fence);
    this.clientId = this.#ring.nextCorrelationId();
    this.counters = new CountersReader(cnc.countersMetadata, cnc.countersValues);
    this.#encoder = new CommandEncoder(this.clientId);
    this.#heartbeat = new Heartbeat(this.counters, this.clientId);
    this.#pending = new PendingCommands(setup.driverTimeoutMs);
    this.#resources = new ClientResources(
      this.counters,
      setup.mapLog,
      (kind, id) => {
        this.#sendRemoval(kind, id);
      },
      setup.nowMs,
    );
    this.#driverTimeoutMs = setup.driverTimeoutMs;
    this.#livenessTimeoutMs =
      setup.keptAliveElsewhere === true
        ? Number.POSITIVE_INFINITY
        : Math.floor(cnc.clientLivenessTimeoutNs / 1_000_000);
    this.#onClosed = setup.onClosed ?? (() => undefined);
    this.#nowMs = setup.nowMs;
    this.#nextCheckMs = setup.nowMs;
  }

  /** Whether it has ended. */
  get isClosed(): boolean {
    return this.#ended;
  }

  /** Whether an answer of the driver is awaited, so that turning soon pays. */
  get isWaiting(): boolean {
    return this.#pending.size > 0;
  }

  /** Adds a publication that shares its log with all others of its channel and stream. @throws as `addExclusivePublication` */
  addPublication(channel: string, streamId: number): Promise<Publication> {
    return this.#addPublication(channel, streamId, CommandType.addPublication, Publication);
  }

  /**
   * Adds a publication with a log of its own.
   *
   * @throws {@link AeronError} `aeron.refused` with the driver's words, `aeron.command_timeout`, `aeron.command_full`,
   *   `aeron.closed`.
   */
  addExclusivePublication(channel: string, streamId: number): Promise<ExclusivePublication> {
    const type = CommandType.addExclusivePublication;
    return this.#addPublication(channel, streamId, type, ExclusivePublication);
  }

  /** Adds a subscription. @throws as {@link Client.addExclusivePublication} */
  addSubscription(
    channel: string,
    streamId: number,
    handlers: ImageHandlers = {},
  ): Promise<Subscription> {
    const id = this.#nextId();
    const record = this.#encoder.subscription(id, streamId, channel);
    const what = `subscription to ${channel} stream ${streamId}`;
    return this.#command(id, CommandType.addSubscription, record, what, (response) => {
      if (response.kind !== "subscriptionReady") return undefined;
      const { channelStatusCounterId } = response;
      return this.#resources.addSubscription(
        id,
        channel,
        streamId,
        channelStatusCounterId,
        handlers,
      );
    });
  }

  /** Adds a counter of an application. @throws as {@link Client.addExclusivePublication} */
  addCounter(
    typeId: number,
    label: string,
    key: Uint8Array = new Uint8Array(0),
  ): Promise<UserCounter> {
    const id = this.#nextId();
    const record = this.#encoder.counter(id, typeId, key, label);
    return this.#command(id, CommandType.addCounter, record, `counter ${label}`, (response) =>
      response.kind === "counterReady"
        ? this.#resources.addCounter(id, response.counterId)
        : undefined,
    );
  }

  /** Adds or removes a destination of a publication or a subscription. @throws as {@link Client.addExclusivePublication} */
  changeDestination(
    change: "add" | "remove",
    target: PublicationBase | Subscription,
    channel: string,
  ): Promise<void> {
    const receive = target instanceof Subscription;
    const adding = receive ? CommandType.addReceiveDestination : CommandType.addDestination;
    const removing = receive ? CommandType.removeReceiveDestination : CommandType.removeDestination;
    const id = this.#nextId();
    const record = this.#encoder.destination(id, target.registrationId, channel);
    const type = change === "add" ? adding : removing;
    return this.#command(id, type, record, `destination ${channel}`, (response) =>
      response.kind === "operationSuccess" ? null : undefined,
    ).then(() => undefined);
  }

  /** Takes in what the driver said and does what is due; returns how much there was to do. */
  tick(nowMs: number): number {
    if (this.#ended) return 0;
    const sinceLastMs = nowMs - this.#nowMs;
    this.#nowMs = nowMs;
    let work = 0;
    try {
      if (sinceLastMs > this.#livenessTimeoutMs) {
        throw new AeronError(
          "aeron.client_timeout",
          `${sinceLastMs} ms between two turns of the client, limit ${this.#livenessTimeoutMs}`,
        );
      }
      work += this.#receiver.receive((type, buffer, offset, length) => {
        const response = readResponse(type, buffer, offset, length);
        if (response !== undefined) this.#handle(response);
      }, RESPONSES_PER_TURN);
      if (nowMs >= this.#nextCheckMs) {
        this.#nextCheckMs = nowMs + KEEPALIVE_MS;
        this.#check(nowMs);
      }
    } catch (error) {
      if (!(error instanceof AeronError)) throw error;
      this.#end(error);
    }
    return work;
  }

  /** Leaves the driver and closes everything. Harmless the second time. */
  close(): void {
    if (this.#ended) return;
    this.#send(CommandType.clientClose, (id) => this.#encoder.close(id));
    this.#end(undefined);
  }

  #addPublication<P extends PublicationBase>(
    channel: string,
    streamId: number,
    type: number,
    make: new (setup: PublicationSetup) => P,
  ): Promise<P> {
    const id = this.#nextId();
    const record = this.#encoder.publication(id, streamId, channel);
    const what = `publication on ${channel} stream ${streamId}`;
    return this.#command(id, type, record, what, (response) => {
      if (response.kind !== "publicationReady") return undefined;
      return this.#resources.addPublication(id, channel, response, make);
    });
  }

  #command<T>(
    id: bigint,
    type: number,
    record: Uint8Array,
    what: string,
    accept: (response: Response) => T | undefined,
  ): Promise<T> {
    if (this.#ended) {
      return Promise.reject(new AeronError("aeron.closed", "the client is closed"));
    }
    if (!this.#ring.write(type, record)) {
      const message = "the driver takes no commands at present";
      return Promise.reject(new AeronError("aeron.command_full", message));
    }
    return this.#pending.wait(id, what, this.#nowMs, accept);
  }

  // What is only told: nobody waits for the answer.
  #send(type: number, encode: (correlationId: bigint) => Uint8Array): void {
    if (!this.#ended) this.#ring.write(type, encode(this.#nextId()));
  }

  #sendRemoval(kind: "publication" | "subscription" | "counter", id: bigint): void {
    if (kind === "publication") {
      this.#send(CommandType.removePublication, (removal) =>
        this.#encoder.removal(removal, id, 0n),
      );
      return;
    }
    const type = kind === "counter" ? CommandType.removeCounter : CommandType.removeSubscription;
    this.#send(type, (removal) => this.#encoder.removal(removal, id));
  }

  // The ring is no longer mapped once the client has ended; what asks for an id then is refused right behind.
  #nextId(): bigint {
    return this.#ended ? 0n : this.#ring.nextCorrelationId();
  }

  #handle(response: Response): void {
    switch (response.kind) {
      case "error":
        this.#pending.refuse(response.correlationId, response.code, response.message);
        return;
      case "availableImage":
        this.#resources.imageAvailable(response);
        return;
      case "unavailableImage":
        this.#resources.imageUnavailable(response);
        return;
      case "unavailableCounter":
        this.#resources.counterUnavailable(response.correlationId);
        return;
      case "clientTimeout":
        if (response.clientId !== this.clientId) return;
        throw new AeronError("aeron.client_timeout", "the driver has forgotten this client");
      default:
        this.#pending.settle(response.correlationId, response);
    }
  }

  #check(nowMs: number): void {
    const heartbeat = this.#ring.heartbeatMs();
    if (heartbeat === -1) throw new AeronError("aeron.driver_timeout", "the driver has stopped");
    if (nowMs - heartbeat > this.#driverTimeoutMs) {
      throw new AeronError(
        "aeron.driver_timeout",
        `the driver has not turned for ${nowMs - heartbeat} ms`,
      );
    }
    this.#heartbeat.beat(nowMs);
    this.#resources.tick(nowMs);
    this.#pending.expire(nowMs);
  }

  #end(reason: AeronError | undefined): void {
    this.#ended = true;
    this.#resources.abandon();
    this.#pending.failAll(reason ?? new AeronError("aeron.closed", "the client was closed"));
    this.#onClosed(reason);
  }
}
