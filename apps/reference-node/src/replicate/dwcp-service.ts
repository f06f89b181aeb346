import {
  DwcpManager,
  ManagementServer,
  type ManagerHealth,
  type StoredObject,
} from "@proj/dwcp/node";
import type { JobReport } from "../jobs/job.js";
import { JobService } from "../jobs/job-service.js";
import type { DwcpConfig } from "./dwcp-config.js";
import { formatDwcpUrl } from "./dwcp-url.js";
import { ReplicaPublisher } from "./replica-publisher.js";

/** What a {@link DwcpService} is made of. */
export interface DwcpServiceOptions {
  readonly config: DwcpConfig;
  /** Of the transport and the encoding, nested, checked. */
  readonly settings: unknown;
  /** What both sides know. */
  readonly key: Uint8Array;
  /** Absolute. */
  readonly receiveFolder: string;
  /** Absolute. */
  readonly stateFolder: string;
  /** Is told of every replica that is in its place. */
  readonly received: (object: StoredObject) => void;
  /** Is told of every replica that arrived before and cannot take its place. */
  readonly unpublished: (object: StoredObject, error: unknown) => void;
  /** Is told of every change of a job. */
  readonly jobChanged: (job: JobReport) => void;
  /** Is told when DWCP does better or worse than before. */
  readonly healthChanged: (health: ManagerHealth) => void;
}

const LOOPBACK = "127.0.0.1";

/** The node's end of DWCP: takes replicas and lays them where people find them, runs jobs, and is managed over HTTP. */
export class DwcpService {
  readonly #manager: DwcpManager;
  readonly #management: ManagementServer | undefined;
  readonly #managedAt: number | undefined;
  readonly #jobs: JobService;

  private constructor(
    manager: DwcpManager,
    management: ManagementServer | undefined,
    managedAt: number | undefined,
    jobs: JobService,
  ) {
    this.#manager = manager;
    this.#management = management;
    this.#managedAt = managedAt;
    this.#jobs = jobs;
  }

  /** Publishes what an earlier process had no time for, listens, and goes on with the jobs. */
  static async start(options: DwcpServiceOptions): Promise<DwcpService> {
    const {
      config,
      settings,
      key,
      receiveFolder,
      stateFolder,
      received,
      unpublished,
      jobChanged,
      healthChanged,
    } = options;
    const publisher = new ReplicaPublisher(receiveFolder);
    const manager = new DwcpManager({
      config: settings,
      key,
      store: publisher.storeFolder,
      healthChanged,
      received: async (object, round) => {
        // What still runs elsewhere is not shown.
        if (round?.isLast !== false) await publisher.publish(object);
        received(object);
      },
    });
    await manager.start();
    let management: ManagementServer | undefined;
    try {
      if (manager.store !== undefined) await publisher.catchUp(manager.store, unpublished);
      const { management_port: port } = config;
      if (port !== undefined) management = new ManagementServer(manager, { host: LOOPBACK, port });
      const managedAt = (await management?.open())?.port;
      const jobs = new JobService({
        sites: config.sites,
        jobs: config.jobs,
        way: { send: (peer, request) => manager.transfer(peer, request) },
        folder: stateFolder,
        changed: jobChanged,
      });
      return new DwcpService(manager, management, managedAt, jobs);
    } catch (error) {
      await management?.close();
      await manager.stop();
      throw error;
    }
  }

  /** Where it listens. */
  get url(): string {
    const { address } = this.#manager;
    return address === undefined ? "" : formatDwcpUrl(address);
  }

  /** Where it is managed over HTTP, if it is. */
  get management(): string | undefined {
    return this.#managedAt === undefined ? undefined : `http://${LOOPBACK}:${this.#managedAt}`;
  }

  /** The replication jobs. */
  get jobs(): JobService {
    return this.#jobs;
  }

  /** Stops; senders, and the jobs here, go on with the next process. */
  async close(): Promise<void> {
    await this.#jobs.close();
    await this.#management?.close();
    await this.#manager.stop();
  }
}
