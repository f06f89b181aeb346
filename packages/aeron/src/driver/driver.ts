import { ByteWriter, type RandomSource } from "@proj/wire-types";
import { type ChannelUri, parseChannel, parseInt32 } from "../channel-uri.js";
import { BroadcastTransmitter } from "../cnc/broadcast.js";
import type { CncFile } from "../cnc/cnc-file.js";
import { ToDriverRing } from "../cnc/to-driver-ring.js";
import { type Command, type CommandIds, readCommand, readCommandIds } from "../commands/command.js";
import { encodeResponse, type Response } from "../commands/response.js";
import { CounterType } from "../counters/counters-reader.js";
import { CountersWriter } from "../counters/counters-writer.js";
import {
  CONTROL_PROTOCOL_VERSION,
  SYSTEM_COUNTER_LABELS,
  SystemCounter,
} from "../counters/system-counters.js";
import { DriverError } from "../errors.js";
import type { AtomicBuffer } from "../memory/atomic-buffer.js";
import { DriverClient } from "./driver-client.js";
import type { DriverFiles } from "./driver-files.js";
import type { DriverOptions } from "./driver-options.js";
import { publicationOptions } from "./publication-options.js";
import { type DriverSubscription, PublicationTable } from "./publication-table.js";
import { errorCode, Refusal } from "./refusal.js";

const COMMANDS_PER_TURN = 16;
const HEARTBEAT_MS = 100;
const CHECK_MS = 1_000;

/** What a driver stands on. */
export interface DriverSetup {
  /** Its own file, made and not yet published. */
  readonly cnc: CncFile;
  /** Where logs are made. */
  readonly files: DriverFiles;
  /** Session and term ids come from here. */
  readonly random: RandomSource;
  /** Now, in epoch milliseconds. */
  readonly nowMs: number;
  /** How it behaves. */
  readonly options: DriverOptions;
}

/**
 * An Aeron media driver for one machine: it serves clients of any language over shared memory, and IPC only.
 *
 * Its owner calls `turn(nowMs)` as often as it can. Data does not pass through it: it hands out logs, limits writers,
 * cleans what was read, and takes back what dead clients held. spec/aeron.md §11
 */
export class Driver {
  readonly #ring: ToDriverRing;
  readonly #transmitter: BroadcastTransmitter;
  readonly #counters: CountersWriter;
  readonly #options: DriverOptions;
  readonly #clients = new Map<bigint, DriverClient>();
  readonly #publications: PublicationTable;
  readonly #subscriptions = new Map<bigint, DriverSubscription>();
  #nextHeartbeatMs = 0;
  #nextCheckMs: number;
  #nowMs: number;
  #commandHead = 0;
  #commandHeadSinceMs: number;
  #stopRequested = false;

  /** Makes the system counters; the owner then publishes cnc.dat. */
  constructor(setup: DriverSetup) {
    const { cnc, nowMs } = setup;
    this.#ring = new ToDriverRing(cnc.toDriver);
    this.#transmitter = new BroadcastTransmitter(cnc.toClients);
    this.#counters = new CountersWriter(cnc.countersMetadata, cnc.countersValues);
    this.#options = setup.options;
    this.#publications = new PublicationTable({
      files: setup.files,
      random: setup.random,
      options: setup.options,
      counters: this.#counters,
      tell: (response) => {
        this.#tell(response);
      },
    });
    this.#nowMs = nowMs;
    this.#nextCheckMs = nowMs + CHECK_MS;
    this.#commandHeadSinceMs = nowMs;
    this.#ring.seedCorrelationIds(1n);
    this.#addSystemCounters();
    this.#ring.putHeartbeat(nowMs);
  }

  /** How many clients there are. */
  get clientCount(): number {
    return this.#clients.size;
  }

  /** Whether a client with the right token asked it to stop. */
  get stopRequested(): boolean {
    return this.#stopRequested;
  }

  /** Does what there is to do; returns how much it was. */
  turn(nowMs: number): number {
    this.#nowMs = nowMs;
    if (nowMs >= this.#nextHeartbeatMs) {
      this.#nextHeartbeatMs = nowMs + HEARTBEAT_MS;
      this.#ring.putHeartbeat(nowMs);
    }
    let work = this.#ring.read(
      (type, buffer, offset, length) => this.#command(type, buffer, offset, length),
      COMMANDS_PER_TURN,
    );
    work += this.#publications.updateLimits();
    if (nowMs >= this.#nextCheckMs) {
      this.#nextCheckMs = nowMs + CHECK_MS;
      this.#check(nowMs);
    }
    return work;
  }

  /** Says that it has stopped, and removes the logs. */
  stop(): void {
    this.#ring.putHeartbeat(-1);
    this.#publications.clear();
  }

  #addSystemCounters(): void {
    for (const [id, label] of SYSTEM_COUNTER_LABELS.entries()) {
      this.#counters.allocate(
        {
          typeId: CounterType.system,
          key: new ByteWriter().i32(id).copy(),
          label,
          registrationId: BigInt(id),
          ownerId: -1n,
          value: id === SystemCounter.controlProtocolVersion ? CONTROL_PROTOCOL_VERSION : 0n,
        },
        this.#nowMs,
      );
    }
  }

  // One client's mistake is answered to it and is nobody else's.
  #command(type: number, buffer: AtomicBuffer, offset: number, length: number): void {
    let ids: CommandIds | undefined;
    try {
      ids = readCommandIds(buffer, offset, length);
      const command = readCommand(type, buffer, offset, length);
      this.#execute(this.#client(ids.clientId, command), ids.correlationId, command);
    } catch (error) {
      this.#counters.increment(SystemCounter.errors);
      if (ids === undefined) return;
      const message = error instanceof Error ? error.message : String(error);
      this.#tell({
        kind: "error",
        correlationId: ids.correlationId,
        code: errorCode(error),
        message,
      });
    }
  }

  // A client is known from its first command on; one that only says goodbye is not worth a counter.
  #client(clientId: bigint, command: Command): DriverClient | undefined {
    const known = this.#clients.get(clientId);
    if (known !== undefined || command.kind === "close") return known;
    if (this.#clients.size >= this.#options.maxClients) {
      throw new Refusal(DriverError.RESOURCE_UNAVAILABLE, "too many clients");
    }
    const counterId = this.#counters.allocate(
      {
        typeId: CounterType.clientHeartbeat,
        key: new ByteWriter().i64(clientId).copy(),
        label: `client-heartbeat: id=${clientId}`,
        registrationId: clientId,
        ownerId: clientId,
        value: BigInt(this.#nowMs),
      },
      this.#nowMs,
    );
    const client = new DriverClient(clientId, counterId, this.#counters.record(counterId));
    this.#clients.set(clientId, client);
    this.#tell({ kind: "counterReady", correlationId: clientId, counterId });
    return client;
  }

  #execute(client: DriverClient | undefined, correlationId: bigint, command: Command): void {
    if (client === undefined) return;
    switch (command.kind) {
      case "addPublication":
        this.#addPublication(client, correlationId, command);
        return;
      case "removePublication":
        this.#removePublication(client, correlationId, command.registrationId, command.revoke);
        return;
      case "addSubscription":
        this.#addSubscription(client, correlationId, command.streamId, command.channel);
        return;
      case "removeSubscription":
        this.#removeSubscription(client, correlationId, command.registrationId);
        return;
      case "addCounter":
        this.#addCounter(client, correlationId, command);
        return;
      case "removeCounter":
        this.#removeCounter(client, correlationId, command.registrationId);
        return;
      case "destination":
        throw new Refusal(DriverError.NOT_SUPPORTED, "this driver has no destinations: IPC only");
      case "keepalive":
        client.touch(this.#nowMs);
        return;
      case "close":
        client.leave();
        this.#dropClient(client);
        return;
      case "terminate":
        this.#stopRequested ||= this.#options.mayTerminate?.(command.token) ?? false;
        return;
      case "unknown":
        throw new Refusal(DriverError.UNKNOWN_COMMAND, `there is no command ${command.type}`);
    }
  }

  #addPublication(
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

  #removePublication(
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

  #addSubscription(
    client: DriverClient,
    correlationId: bigint,
    streamId: number,
    channel: string,
  ): void {
    const uri = ipcChannel(channel);
    const session = uri.parameters.get("session-id");
    const subscription: DriverSubscription = {
      registrationId: correlationId,
      clientId: client.clientId,
      streamId,
      channel,
      ...(session === undefined ? {} : { sessionId: parseInt32("session-id", session) }),
    };
    this.#subscriptions.set(correlationId, subscription);
    client.subscriptions.add(correlationId);
    this.#tell({ kind: "subscriptionReady", correlationId, channelStatusCounterId: -1 });
    this.#publications.linkAll(subscription, this.#nowMs);
  }

  #removeSubscription(client: DriverClient, correlationId: bigint, registrationId: bigint): void {
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

  #addCounter(
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

  #removeCounter(client: DriverClient, correlationId: bigint, registrationId: bigint): void {
    const counterId = client.counters.get(registrationId);
    if (counterId === undefined) {
      throw new Refusal(DriverError.UNKNOWN_COUNTER, `no counter ${registrationId}`);
    }
    client.counters.delete(registrationId);
    this.#tell({ kind: "operationSuccess", correlationId });
    this.#dropCounter(registrationId, counterId);
  }

  #dropCounter(registrationId: bigint, counterId: number): void {
    this.#tell({ kind: "unavailableCounter", correlationId: registrationId, counterId });
    this.#counters.free(counterId, this.#nowMs);
  }

  #check(nowMs: number): void {
    const timeoutMs = this.#options.clientLivenessTimeoutMs;
    for (const client of this.#clients.values()) {
      if (nowMs - client.lastSeenMs() <= timeoutMs) continue;
      this.#counters.increment(SystemCounter.clientTimeouts);
      this.#tell({ kind: "clientTimeout", clientId: client.clientId });
      this.#dropClient(client);
    }
    this.#publications.check(nowMs);
    this.#checkCommands(nowMs);
  }

  #dropClient(client: DriverClient): void {
    this.#clients.delete(client.clientId);
    for (const publication of client.publications.values()) {
      this.#publications.release(publication, false, this.#nowMs);
    }
    for (const registrationId of client.subscriptions) this.#dropSubscription(registrationId);
    for (const [registrationId, counterId] of client.counters) {
      this.#dropCounter(registrationId, counterId);
    }
    this.#dropCounter(client.clientId, client.heartbeatCounterId);
  }

  // A client that died while it wrote a command stops all that come after it.
  #checkCommands(nowMs: number): void {
    const head = this.#ring.head();
    if (head !== this.#commandHead || this.#ring.tail() === head) {
      this.#commandHead = head;
      this.#commandHeadSinceMs = nowMs;
      return;
    }
    if (nowMs - this.#commandHeadSinceMs < this.#options.clientLivenessTimeoutMs) return;
    if (this.#ring.unblock()) this.#counters.increment(SystemCounter.unblockedCommands);
  }

  #tell(response: Response): void {
    const { type, record } = encodeResponse(response);
    this.#transmitter.transmit(type, record);
  }
}

function ipcChannel(channel: string): ChannelUri {
  const uri = parseChannel(channel);
  if (uri.media === "ipc" && uri.prefix === undefined) return uri;
  throw new Refusal(DriverError.NOT_SUPPORTED, `${channel}: this driver serves aeron:ipc only`);
}
