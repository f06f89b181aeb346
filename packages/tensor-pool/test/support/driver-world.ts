import {
  type DriverEvent,
  type DriverSettings,
  driver as messages,
  type LeaseEvent,
  LeaseClient,
  type LeaseRequest,
  PoolDriver,
  wire,
} from "@proj/tensor-pool";
import { SeededRandom } from "@proj/wire-types";
import { MemoryRegions } from "./memory-regions.js";

const MS = 1_000_000n;

/** Settings of the tests: one stream with two pools, a few ids for clients. */
export const settings: DriverSettings = {
  streams: new Map([
    [
      10_000,
      {
        nslots: 8,
        pools: [
          { poolId: 1, strideBytes: 64 },
          { poolId: 2, strideBytes: 4_096 },
        ],
      },
    ],
  ]),
  dynamicRange: { first: 20_000, last: 20_001 },
  dynamicProfile: { nslots: 4, pools: [{ poolId: 1, strideBytes: 64 }] },
  producerDefault: "existingOrCreate",
  consumerDefault: "requireExisting",
  hugepages: false,
  announcePeriodNs: 1_000n * MS,
  leaseNs: 3_000n * MS,
  keepEpochs: 2,
  gcMinAgeNs: 3_000n * MS,
  gcOnStartup: false,
  cleanupOnExit: false,
  shutdownTimeoutNs: 2_000n * MS,
  shutdownToken: "",
  nodeIdCooldownNs: 1_000n * MS,
};

/** A message that the driver sent, decoded. */
export interface Sent {
  readonly name: string;
  readonly value: Record<string, unknown>;
}

/** A driver and its clients in virtual time; every message reaches everybody. */
export class DriverWorld {
  readonly regions: MemoryRegions;
  readonly driver: PoolDriver;
  readonly clients: {
    readonly client: LeaseClient;
    readonly events: LeaseEvent[];
    live: boolean;
  }[] = [];
  readonly sent: Sent[] = [];
  readonly events: DriverEvent[] = [];
  nowNs = 5_000_000_000_000n;
  #seed = 1;

  constructor(changed: Partial<DriverSettings> = {}, regions: MemoryRegions = new MemoryRegions()) {
    this.regions = regions;
    this.driver = new PoolDriver({
      settings: { ...settings, ...changed },
      regions,
      random: new SeededRandom(99),
      nowNs: this.nowNs,
    });
  }

  /** Adds a client. */
  client(request: Partial<LeaseRequest> & Pick<LeaseRequest, "role">): {
    readonly client: LeaseClient;
    readonly events: LeaseEvent[];
    live: boolean;
  } {
    const client = new LeaseClient(
      { streamId: 10_000, ...request },
      new SeededRandom(this.#seed++),
    );
    const added = { client, events: [], live: true };
    this.clients.push(added);
    return added;
  }

  /** Hands bytes to the driver. */
  tell(bytes: Uint8Array): void {
    this.driver.receive(this.nowNs, new DataView(bytes.buffer, bytes.byteOffset), 0, bytes.length);
    this.settle();
  }

  /** Lets all that is on its way arrive. */
  settle(): void {
    for (let round = 0; round < 4; round++) {
      for (const { client, live } of this.clients) {
        if (!live) continue;
        client.transmit(this.nowNs, (bytes) => {
          this.driver.receive(
            this.nowNs,
            new DataView(bytes.buffer, bytes.byteOffset),
            0,
            bytes.length,
          );
          return true;
        });
      }
      for (
        let next = this.driver.nextMessage();
        next !== undefined;
        next = this.driver.nextMessage()
      ) {
        this.driver.sent();
        this.#deliver(next.bytes);
      }
    }
    for (
      let event = this.driver.nextEvent();
      event !== undefined;
      event = this.driver.nextEvent()
    ) {
      this.events.push(event);
    }
    for (const { client, events } of this.clients) {
      for (let event = client.nextEvent(); event !== undefined; event = client.nextEvent()) {
        events.push(event);
      }
    }
  }

  /** Lets time pass in steps of 100 ms. */
  pass(milliseconds: number): void {
    for (let left = milliseconds; left > 0; left -= 100) {
      this.nowNs += BigInt(Math.min(left, 100)) * MS;
      this.driver.tick(this.nowNs);
      for (const { client, live } of this.clients) if (live) client.tick(this.nowNs);
      this.settle();
    }
  }

  /** Forgets what was sent, and returns it. */
  take(): Sent[] {
    return this.sent.splice(0);
  }

  #deliver(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const sent = decode(bytes, view);
    this.sent.push(sent);
    for (const { client, live } of this.clients) {
      if (!live) continue;
      client.receive(this.nowNs, view, 0, bytes.length);
      if (sent.name === "announce") client.announced(this.nowNs, sent.value["epoch"] as bigint);
    }
  }
}

function decode(bytes: Uint8Array, view: DataView): Sent {
  if (view.getUint16(4, true) === wire.SCHEMA_ID) {
    return { name: "announce", value: { ...wire.decodeShmPoolAnnounce(bytes) } };
  }
  switch (view.getUint16(2, true)) {
    case messages.TemplateId.ShmAttachResponse:
      return { name: "attached", value: { ...messages.decodeShmAttachResponse(bytes) } };
    case messages.TemplateId.ShmDetachResponse:
      return { name: "detached", value: { ...messages.decodeShmDetachResponse(bytes) } };
    case messages.TemplateId.ShmLeaseRevoked:
      return { name: "revoked", value: { ...messages.decodeShmLeaseRevoked(bytes) } };
    default:
      return { name: "shutdown", value: { ...messages.decodeShmDriverShutdown(bytes) } };
  }
}
