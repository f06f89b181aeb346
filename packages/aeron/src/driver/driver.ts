import { ByteWriter, type RandomSource } from "@proj/wire-types";
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
import { ClientHoldings } from "./client-holdings.js";
import { DriverClient } from "./driver-client.js";
import type { DriverFiles } from "./driver-files.js";
import type { DriverOptions } from "./driver-options.js";
import { PublicationTable } from "./publication-table.js";
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
  readonly #holdings: ClientHoldings;
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
    this.#holdings = new ClientHoldings({
      publications: this.#publications,
      counters: this.#counters,
      options: setup.options,
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
    this.#holdings.now(nowMs);
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
        this.#holdings.addPublication(client, correlationId, command);
        return;
      case "removePublication":
        this.#holdings.removePublication(
          client,
          correlationId,
          command.registrationId,
          command.revoke,
        );
        return;
      case "addSubscription":
        this.#holdings.addSubscription(client, correlationId, command.streamId, command.channel);
        return;
      case "removeSubscription":
        this.#holdings.removeSubscription(client, correlationId, command.registrationId);
        return;
      case "addCounter":
        this.#holdings.addCounter(client, correlationId, command);
        return;
      case "removeCounter":
        this.#holdings.removeCounter(client, correlationId, command.registrationId);
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
    this.#holdings.dropAll(client);
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
