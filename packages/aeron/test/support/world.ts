import {
  type AeronError,
  Client,
  type CncFile,
  cncFileBytes,
  DEFAULT_DRIVER_OPTIONS,
  Driver,
  type DriverOptions,
  initialiseCnc,
  publishCnc,
  readCnc,
} from "@proj/aeron";
import { SeededRandom, type SharedRegion } from "@proj/wire-types";

const lengths = {
  toDriver: 65_536 + 768,
  toClients: 65_536 + 128,
  countersMetadata: 256 * 512,
  countersValues: 256 * 128,
  errorLog: 4_096,
};

/** A driver and its clients in one process, over plain memory and in manual time. */
export class World {
  nowMs = 1_700_000_000_000;
  readonly cnc: CncFile;
  readonly bytes: Uint8Array;
  readonly logs = new Map<string, Uint8Array>();
  readonly driver: Driver;
  readonly clients: Client[] = [];
  readonly reasons: (AeronError | undefined)[] = [];
  logSpace = Number.POSITIVE_INFINITY;

  constructor(options: Partial<DriverOptions> = {}, seed = 1) {
    this.bytes = new Uint8Array(cncFileBytes(lengths, 4_096));
    initialiseCnc(this.bytes, {
      lengths,
      clientLivenessTimeoutNs: 10_000_000_000,
      startTimestampMs: this.nowMs,
      pid: 1,
      pageSize: 4_096,
    });
    publishCnc(this.bytes);
    const cnc = readCnc(this.bytes);
    if (cnc === undefined) throw new Error("cnc.dat is not whole");
    this.cnc = cnc;
    this.driver = new Driver({
      cnc,
      files: { createLog: (id, size) => this.#createLog(id, size) },
      random: new SeededRandom(seed),
      nowMs: this.nowMs,
      options: { ...DEFAULT_DRIVER_OPTIONS, termLength: 65_536, ...options },
    });
  }

  client(): Client {
    const client = new Client({
      cnc: this.cnc,
      mapLog: (file) => this.#mapLog(file),
      fence: () => undefined,
      nowMs: this.nowMs,
      driverTimeoutMs: 10_000,
      onClosed: (reason) => this.reasons.push(reason),
    });
    this.clients.push(client);
    return client;
  }

  /** Lets the driver and the clients turn until nobody has anything to do. */
  settle(): void {
    for (let round = 0; round < 1_000; round++) {
      let work = this.driver.turn(this.nowMs);
      for (const client of this.clients) work += client.tick(this.nowMs);
      if (work === 0) return;
    }
    throw new Error("the world does not come to rest");
  }

  /** Lets time pass in steps; those in `asleep` do not turn. */
  pass(durationMs: number, asleep: readonly (Client | Driver)[] = [], stepMs = 100): void {
    for (let passedMs = 0; passedMs < durationMs; passedMs += stepMs) {
      this.nowMs += stepMs;
      if (!asleep.includes(this.driver)) this.driver.turn(this.nowMs);
      for (const client of this.clients) {
        if (!asleep.includes(client)) client.tick(this.nowMs);
      }
    }
  }

  /** Waits for what a command promises. */
  async done<T>(promise: Promise<T>): Promise<T> {
    this.settle();
    // A refusal must not count as unhandled while the world turns.
    promise.catch(() => undefined);
    return await promise;
  }

  #createLog(id: bigint, size: number): { path: string; region: SharedRegion; remove(): void } {
    if (size > this.logSpace) throw new Error("no space left");
    const path = `/log/${id}.logbuffer`;
    this.logs.set(path, new Uint8Array(size));
    return {
      path,
      region: this.#mapLog(path),
      remove: () => {
        this.logs.delete(path);
      },
    };
  }

  #mapLog(file: string): SharedRegion {
    const bytes = this.logs.get(file);
    if (bytes === undefined) throw new Error(`no file ${file}`);
    return { name: file, size: bytes.length, readOnly: false, bytes, unmap: () => undefined };
  }
}
