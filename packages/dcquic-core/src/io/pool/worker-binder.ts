import { backend } from "@proj/native-io";
import { BufferRegistry } from "../../buffer/buffer-registry.js";
import type { EngineEvent } from "../../engine/events.js";
import type { HandedPacket, OutgoingPacket } from "../peer-addresses.js";
import type { WatchdogFinding } from "../../router/watchdog.js";
import { bindThread } from "../bind-driver.js";
import { UdpDriver } from "../udp-driver.js";
import type { BindDriver, BindOptions, PoolDriver } from "./pool-driver.js";
import { spareCores } from "./spared-cores.js";
import type { PoolPlan, WorkerPlan } from "./worker-plan.js";

/** What a worker tells its pool. */
export type WorkerNews =
  /** Something was asked for and is not so. */
  | { readonly kind: "note"; readonly text: string }
  /** Its watchdog noticed something. */
  | { readonly kind: "finding"; readonly finding: WatchdogFinding }
  /** A datagram arrived there that belongs to another worker. */
  | { readonly kind: "foreign"; readonly packet: HandedPacket }
  /** Its NIC is gone, and a datagram is to be sent by another worker. */
  | { readonly kind: "outgoing"; readonly packet: OutgoingPacket }
  /** It is gone. */
  | { readonly kind: "lost"; readonly reason: string }
  /** Its NIC is gone. */
  | { readonly kind: "nicLost"; readonly errno: number };

/** What a worker tells of itself, and not of its paths. */
export type WorkerOwnNews = Exclude<WorkerNews, { kind: "foreign" | "outgoing" }>;

/** A worker whose sockets are bound. */
export interface BoundWorker {
  /** What it was to be. */
  readonly plan: WorkerPlan;
  /** What runs it. */
  readonly driver: PoolDriver;
}

/** All workers of a pool, bound. */
export interface BoundWorkers {
  /** The workers, by number. */
  readonly bound: readonly BoundWorker[];
  /** Gives back the cores that were kept free for them: to be called once they are closed. */
  readonly release: () => void;
}

/** What is bound, and how. */
export interface BindWorkersOptions {
  /** The workers. */
  readonly plan: PoolPlan;
  /** What all of them are told, and where the first one listens. */
  readonly shared: Omit<
    BindOptions,
    "onEvent" | "buffers" | "bufferBytes" | "sockets" | "polling" | "cpu"
  >;
  /** Bytes that the buffers of all workers take together. */
  readonly bufferBytes: number;
  /** Binds one; threads where cores were reserved and the addon is here, else `node:dgram`, if absent. */
  readonly bind: BindDriver | undefined;
  /** Is told what happens in their engines: by itself, since calls have several events each. */
  readonly onEvent: (worker: number, event: EngineEvent) => void;
  /** Is told what else happens. */
  readonly onNews: (worker: number, news: WorkerNews) => void;
}

/**
 * Binds every worker of a plan, the first one before the others, which listen on the ports after its port where that was
 * chosen. If one cannot be bound, none is.
 *
 * @throws WireError `wire.connection_failed`
 */
export async function bindWorkers(options: BindWorkersOptions): Promise<BoundWorkers> {
  const { plan, shared, bufferBytes, onEvent, onNews } = options;
  const buffers = new BufferRegistry(bufferBytes);
  const bind = options.bind ?? binderFor(options);
  const bound: BoundWorker[] = [];
  const first = plan.workers[0]?.worker ?? 0;
  const spared = spareCores(hasThreads(options) ? plan.others : []);
  const notes = [
    ...plan.notes,
    ...notesOn(options),
    ...(spared.note === undefined ? [] : [spared.note]),
  ];
  for (const text of notes) onNews(first, { kind: "note", text });
  try {
    for (const worker of plan.workers) {
      const number = worker.worker;
      const driver = await bind({
        ...shared,
        host: worker.host ?? shared.host,
        port: shared.port === 0 ? 0 : shared.port + number,
        config: { ...worker.engine, ...shared.config, worker: number },
        bufferBytes,
        buffers,
        polling: worker.polling,
        ...(worker.sockets === undefined ? {} : { sockets: worker.sockets }),
        ...(worker.cpu === undefined ? {} : { cpu: worker.cpu }),
        onEvent: (event) => onEvent(number, event),
        onForeign: (packet) => onNews(number, { kind: "foreign", packet }),
        onOutgoing: (packet) => onNews(number, { kind: "outgoing", packet }),
        onFinding: (finding) => onNews(number, { kind: "finding", finding }),
        onLost: (reason) => onNews(number, { kind: "lost", reason }),
        onNicLost: (errno) => onNews(number, { kind: "nicLost", errno }),
      });
      bound.push({ plan: worker, driver });
      for (const text of driver.notes ?? []) onNews(number, { kind: "note", text });
    }
    return { bound, release: spared.release };
  } catch (error) {
    await Promise.all(bound.map(({ driver }) => driver.close()));
    spared.release();
    throw error;
  }
}

function binderFor(options: BindWorkersOptions): BindDriver {
  return hasThreads(options) ? bindThread : (each) => UdpDriver.bind(each);
}

function hasThreads(options: BindWorkersOptions): boolean {
  const { plan, bind } = options;
  return bind === undefined && plan.wantsThreads && whyNoThreads(options) === undefined;
}

function notesOn(options: BindWorkersOptions): readonly string[] {
  const reason = whyNoThreads(options);
  if (!options.plan.wantsThreads || options.bind !== undefined || reason === undefined) return [];
  return [`workers run over node:dgram on the application's thread, not on cores: ${reason}`];
}

function whyNoThreads({ shared }: BindWorkersOptions): string | undefined {
  if (backend.kind !== "native") return backend.reason;
  return shared.crypto === undefined ? undefined : "a cryptography of the application cannot cross";
}
