import { systemRandom } from "@proj/wire-types/system";
import { DEFAULT_CONFIG, type EngineConfig } from "../../engine/config.js";
import type { Hello, WorkerEndpoint } from "../../path/hello.js";
import type { UdpAddress } from "../peer-addresses.js";
import type { TransportPoolConfig } from "./create-transport-pool.js";
import type { BoundWorker } from "./worker-binder.js";

/** What a {@link HelloMaker} says, and of whom. */
export interface HelloMakerOptions {
  /** The pool's configuration. */
  readonly config: Pick<TransportPoolConfig, "advertisedHost" | "otherHosts" | "engine">;
  /** The workers. */
  readonly bound: readonly BoundWorker[];
  /** log2 of a record's plain bytes. */
  readonly recordLog2: number;
}

const EPOCH_BYTES = 16;

/**
 * What a pool says of itself in handshakes. The home of the peer comes first among the endpoints, so that its packets go
 * there; the others are where it may look for the pool when the first one is silent.
 *
 * @see spec/dcquic.md §7.2, §18
 */
export class HelloMaker {
  readonly #options: HelloMakerOptions;
  // As they were bound: a driver that is lost may know no more.
  readonly #addresses: ReadonlyMap<BoundWorker, UdpAddress>;
  #epoch = newEpoch();

  /** Says it of workers that are bound. */
  constructor(options: HelloMakerOptions) {
    this.#options = options;
    this.#addresses = new Map(options.bound.map((each) => [each, each.driver.address]));
  }

  /** Tells peers from now on that something of what they knew is lost, as after a restart: a worker is gone. */
  renew(): void {
    this.#epoch = newEpoch();
  }

  /** What is said to a peer whose home is `home`; `undefined` where nobody knows it yet. */
  to(home: number | undefined): Hello {
    const { bound, recordLog2 } = this.#options;
    const engine = this.#engineOf(bound[0]);
    const first = bound.filter(({ plan }) => plan.worker === home);
    const others = bound.filter(({ plan }) => plan.worker !== home);
    return {
      versions: [2],
      aeads: ["aes-256-gcm", "aes-128-gcm"],
      dataAuth: engine.dataAuth === "headers" ? [0, 1] : [0],
      recordLog2: [recordLog2],
      epoch: this.#epoch,
      endpoints: [...first, ...others].flatMap((each) => this.#endpointsOf(each)),
      maxDatagramBytes: Math.max(engine.mtuBytes, engine.mtuMaxBytes),
      notifyLimit: engine.notifyWindow,
      inlineLimit: engine.inlineStartBytes,
      asked: [],
      answers: [],
      application: new Uint8Array(0),
      rma: (first[0] ?? bound[0])?.driver.rmaOffers ?? [],
    };
  }

  #endpointsOf(worker: BoundWorker): readonly WorkerEndpoint[] {
    const { advertisedHost, otherHosts = [] } = this.#options.config;
    const { plan } = worker;
    const { host = "", port = 0 } = this.#addresses.get(worker) ?? {};
    const bandwidth = Math.floor(this.#engineOf(worker).nicBytesPerSecond);
    // A card with an address of its own is not the one that the others are named for.
    const hosts = plan.host === undefined ? [advertisedHost ?? host, ...otherHosts] : [host];
    return hosts.map((each, index) => ({
      worker: plan.worker,
      host: each,
      ports: [port],
      nic: plan.host === undefined ? plan.nic + index : plan.nic,
      bandwidth,
    }));
  }

  #engineOf(worker: BoundWorker | undefined): EngineConfig {
    return { ...DEFAULT_CONFIG, ...worker?.plan.engine, ...this.#options.config.engine };
  }
}

function newEpoch(): Uint8Array {
  return systemRandom.fill(new Uint8Array(EPOCH_BYTES));
}
