import { type ChannelUri, parseChannel } from "../channel-uri.js";
import type { Command } from "../commands/command.js";
import type { Response } from "../commands/response.js";
import type { CountersWriter } from "../counters/counters-writer.js";
import { DriverError } from "../errors.js";
import type { DriverClient } from "./driver-client.js";
import type { DriverOptions } from "./driver-options.js";
import { driverSubscription, type DriverSubscription } from "./driver-subscription.js";
import { publicationOptions } from "./publication-options.js";
import type { PublicationTable } from "./publication-table.js";
import { Refusal } from "./refusal.js";

/** What the holdings of clients stand on. */
export interface ClientHoldingsSetup {
  /** The publications of the driver. */
  readonly publications: PublicationTable;
  /** Its counters. */
  readonly counters: CountersWriter;
  /** How it behaves. */
  readonly options: DriverOptions;
  /** Tells all clients. */
  readonly tell: (response: Response) => void;
}

/** What clients ask a driver for and give back: publications, subscriptions and counters. spec/aeron.md §11 */
export class ClientHoldings {
  readonly #publications: PublicationTable;
  readonly #counters: CountersWriter;
  readonly #options: DriverOptions;
  readonly #tell: (response: Response) => void;
  readonly #subscriptions = new Map<bigint, DriverSubscription>();
  #nowMs = 0;

  /** Starts with none. */
  constructor(setup: ClientHoldingsSetup) {
    this.#publications = setup.publications;
    this.#counters = setup.counters;
    this.#options = setup.options;
    this.#tell = setup.tell;
  }

  /** Takes the time, before what it is needed for. */
  now(nowMs: number): void {
    this.#nowMs = nowMs;
  }

  /** Makes or shares a publication, and answers. @throws {@link Refusal} */
  addPublication(
    client: DriverClient,
    registrationId: bigint,
    command: Extract<Command, { kind: "addPublication" }>,
  ): void {
    const { streamId, channel, exclusive } = command;
    const uri = ipcChannel(channel);
    const options = publicationOptions(uri, this.#options);
    const wanted = { registrationId, streamId, channel, uri, options, exclusive };
    const known = this.#publications.find(wanted);
    const publication = known ?? this.#publications.create(wanted, this.#nowMs);
    publication.users++;
    client.publications.set(registrationId, publication);
    const { setup } = publication;
    this.#tell({
      kind: "publicationReady",
      exclusive,
      correlationId: registrationId,
      registrationId: setup.registrationId,
      sessionId: setup.sessionId,
      streamId,
      limitCounterId: setup.limitCounterId,
      channelStatusCounterId: -1,
      logFile: setup.file.path,
    });
    if (known !== undefined) return;
    for (const subscription of this.#subscriptions.values()) {
      this.#publications.link(publication, subscription, this.#nowMs);
    }
  }

  /** Gives back a client's registration of a publication. @throws {@link Refusal} */
  removePublication(
    client: DriverClient,
    correlationId: bigint,
    registrationId: bigint,
    revoke: boolean,
  ): void {
    const publication = client.publications.get(registrationId);
    if (publication === undefined) {
      throw new Refusal(DriverError.UNKNOWN_PUBLICATION, `no publication ${registrationId}`);
    }
    client.publications.delete(registrationId);
    this.#tell({ kind: "operationSuccess", correlationId });
    this.#publications.release(publication, revoke, this.#nowMs);
  }

  /** Adds a subscription and links it to what it matches. @throws {@link Refusal} */
  addSubscription(
    client: DriverClient,
    correlationId: bigint,
    streamId: number,
    channel: string,
  ): void {
    const uri = ipcChannel(channel);
    const ids = { registrationId: correlationId, clientId: client.clientId, streamId };
    const subscription = driverSubscription(ids, channel, uri);
    this.#subscriptions.set(correlationId, subscription);
    client.subscriptions.add(correlationId);
    this.#tell({ kind: "subscriptionReady", correlationId, channelStatusCounterId: -1 });
    this.#publications.linkAll(subscription, this.#nowMs);
  }

  /** Removes a client's subscription. @throws {@link Refusal} */
  removeSubscription(client: DriverClient, correlationId: bigint, registrationId: bigint): void {
    if (!client.subscriptions.delete(registrationId)) {
      throw new Refusal(DriverError.UNKNOWN_SUBSCRIPTION, `no subscription ${registrationId}`);
    }
    this.#dropSubscription(registrationId);
    this.#tell({ kind: "operationSuccess", correlationId });
  }

  #dropSubscription(registrationId: bigint): void {
    this.#subscriptions.delete(registrationId);
    this.#publications.unlinkAll(registrationId, this.#nowMs);
  }

  /** Adds a counter of a client. */
  addCounter(
    client: DriverClient,
    correlationId: bigint,
    command: Extract<Command, { kind: "addCounter" }>,
  ): void {
    const counterId = this.#counters.allocate(
      {
        typeId: command.typeId,
        key: command.key,
        label: command.label,
        registrationId: correlationId,
        ownerId: client.clientId,
      },
      this.#nowMs,
    );
    client.counters.set(correlationId, counterId);
    this.#tell({ kind: "counterReady", correlationId, counterId });
  }

  /** Removes a client's counter. @throws {@link Refusal} */
  removeCounter(client: DriverClient, correlationId: bigint, registrationId: bigint): void {
    const counterId = client.counters.get(registrationId);
    if (counterId === undefined) {
      throw new Refusal(DriverError.UNKNOWN_COUNTER, `no counter ${registrationId}`);
    }
    client.counters.delete(registrationId);
    this.#tell({ kind: "operationSuccess", correlationId });
    this.dropCounter(registrationId, counterId);
  }

  /** Frees a counter and tells everybody. */
  dropCounter(registrationId: bigint, counterId: number): void {
    this.#tell({ kind: "unavailableCounter", correlationId: registrationId, counterId });
    this.#counters.free(counterId, this.#nowMs);
  }

  /** Takes back everything that a client held. */
  dropAll(client: DriverClient): void {
    for (const publication of client.publications.values()) {
      this.#publications.release(publication, false, this.#nowMs);
    }
    for (const registrationId of client.subscriptions) this.#dropSubscription(registrationId);
    for (const [registrationId, counterId] of client.counters) {
      this.dropCounter(registrationId, counterId);
    }
    this.dropCounter(client.clientId, client.heartbeatCounterId);
  }
}

function ipcChannel(channel: string): ChannelUri {
  const uri = parseChannel(channel);
  if (uri.media === "ipc" && uri.prefix === undefined) return uri;
  throw new Refusal(DriverError.NOT_SUPPORTED, `${channel}: this driver serves aeron:ipc only`);
}
