import { LAYOUT_VERSION } from "../region/layout.js";
import {
  Bool,
  type ConsumerConfig,
  type ConsumerHello,
  type Mode,
  type QosConsumer,
} from "../messages/generated/wire.js";
import type { ProgressHint } from "../progress/progress-policy.js";
import { ownStreamRequest, type OwnStreamRules } from "./own-stream-request.js";
import type { StreamIdPool } from "./stream-id-pool.js";

/** A stream of one consumer's own. */
export interface OwnStream {
  /** The channel. */
  readonly channel: string;
  /** The Aeron stream. */
  readonly streamId: number;
}

/** A consumer as its supervisor knows it. */
export interface SupervisedConsumer {
  /** Which stream it reads. */
  readonly streamId: number;
  /** Who it is. */
  readonly consumerId: number;
  /** Where its descriptors go besides the shared stream. */
  readonly descriptors: OwnStream | undefined;
  /** Where its progress goes instead of the shared stream. */
  readonly control: OwnStream | undefined;
  /** How often its own descriptors go out at most; 0 for all. */
  readonly maxRateHz: number;
  /** What it wants to be told of frames being written; `undefined` for nothing. */
  readonly progress: ProgressHint | undefined;
}

/** What a supervisor tells its owner. */
export type SupervisorEvent =
  /** Answer this; then open what the consumer got. */
  | {
      readonly kind: "answered";
      readonly config: ConsumerConfig;
      readonly consumer: SupervisedConsumer;
      /** What the consumer had before, where it changes. */
      readonly before: SupervisedConsumer | undefined;
    }
  /** Close what it had. */
  | { readonly kind: "stale"; readonly consumer: SupervisedConsumer }
  /** Too many consumers: this one was declined. */
  | { readonly kind: "declined"; readonly config: ConsumerConfig };

/** How a supervisor answers. spec/tensor-pool.md §15 */
export interface SupervisorOptions extends OwnStreamRules {
  /** Consumers at once; by default 256. */
  readonly capacity: number;
  /** After how long a silent consumer is forgotten, in nanoseconds; by default 5 s. */
  readonly staleNs: bigint;
  /** Streams of descriptors of single consumers; without it every request is declined. */
  readonly descriptorIds: StreamIdPool | undefined;
  /** Streams of progress of single consumers. */
  readonly controlIds: StreamIdPool | undefined;
  /** Whether nobody may use shared memory. */
  readonly forceNoShm: boolean;
  /** The mode that everybody gets; `undefined` for what they ask. */
  readonly forceMode: Mode | undefined;
  /** Where payloads are to be had without shared memory; may be empty. */
  readonly payloadFallbackUri: string;
}

/** The options of a supervisor that says nothing. */
export const DEFAULT_SUPERVISOR_OPTIONS: SupervisorOptions = {
  allowedPrefixes: ["aeron:ipc", "aeron:udp"],
  lenient: false,
  capacity: 256,
  staleNs: 5_000_000_000n,
  descriptorIds: undefined,
  controlIds: undefined,
  forceNoShm: false,
  forceMode: undefined,
  payloadFallbackUri: "",
};

interface Known {
  readonly request: string;
  consumer: SupervisedConsumer;
  config: ConsumerConfig;
  lastSeenNs: bigint;
}

/**
 * Answers consumers: whether they use shared memory, in which mode, and on which streams of their own.
 *
 * ```
 *   unknown ──hello──▶ known ──hello · QoS──▶ known ──silence──▶ unknown
 * ```
 * The same hello again gets the same answer. spec/tensor-pool.md §15
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #known = new Map<string, Known>();

  /** Starts without consumers. */
  constructor(options: Partial<SupervisorOptions> = {}) {
    this.#options = { ...DEFAULT_SUPERVISOR_OPTIONS, ...options };
  }

  /** The consumers that are there. */
  get consumers(): readonly SupervisedConsumer[] {
    return Array.from(this.#known.values(), ({ consumer }) => consumer);
  }

  /** Takes a hello, and says what to answer. */
  hello(nowNs: bigint, hello: ConsumerHello): SupervisorEvent {
    const id = key(hello.streamId, hello.consumerId);
    const request = requestOf(hello);
    const known = this.#known.get(id);
    if (known?.request === request) {
      known.lastSeenNs = nowNs;
      return {
        kind: "answered",
        config: known.config,
        consumer: known.consumer,
        before: known.consumer,
      };
    }
    if (known === undefined && this.#known.size >= this.#options.capacity) {
      return { kind: "declined", config: this.#config(hello, undefined, undefined) };
    }
    if (known !== undefined) this.#release(known.consumer);
    const descriptors = this.#own(
      hello.descriptorChannel,
      hello.descriptorStreamId,
      this.#options.descriptorIds,
    );
    const control = this.#own(
      hello.controlChannel,
      hello.controlStreamId,
      this.#options.controlIds,
    );
    const config = this.#config(hello, descriptors, control);
    const consumer: SupervisedConsumer = {
      streamId: hello.streamId,
      consumerId: hello.consumerId,
      descriptors,
      control,
      maxRateHz: hello.maxRateHz,
      progress: hello.supportsProgress === Bool.TRUE ? hintOf(hello) : undefined,
    };
    this.#known.set(id, { request, consumer, config, lastSeenNs: nowNs });
    return { kind: "answered", config, consumer, before: known?.consumer };
  }

  /** Takes a consumer's report, which shows that it lives. */
  qos(nowNs: bigint, qos: QosConsumer): void {
    const known = this.#known.get(key(qos.streamId, qos.consumerId));
    if (known !== undefined) known.lastSeenNs = nowNs;
  }

  /** Forgets who was silent for too long. */
  tick(nowNs: bigint): readonly SupervisorEvent[] {
    const events: SupervisorEvent[] = [];
    for (const [id, { consumer, lastSeenNs }] of this.#known) {
      if (nowNs - lastSeenNs <= this.#options.staleNs) continue;
      this.#known.delete(id);
      this.#release(consumer);
      events.push({ kind: "stale", consumer });
    }
    return events;
  }

  #own(channel: string, streamId: number, ids: StreamIdPool | undefined): OwnStream | undefined {
    const request = ownStreamRequest(channel, streamId, this.#options);
    if (request.kind !== "wanted") return undefined;
    const granted = ids?.take(request.streamId);
    return granted === undefined ? undefined : { channel: request.channel, streamId: granted };
  }

  #release({ descriptors, control }: SupervisedConsumer): void {
    if (descriptors !== undefined) this.#options.descriptorIds?.release(descriptors.streamId);
    if (control !== undefined) this.#options.controlIds?.release(control.streamId);
  }

  #config(
    hello: ConsumerHello,
    descriptors: OwnStream | undefined,
    control: OwnStream | undefined,
  ): ConsumerConfig {
    const { forceNoShm, forceMode, payloadFallbackUri } = this.#options;
    const layout = hello.expectedLayoutVersion;
    const sameLayout = layout === 0 || layout === LAYOUT_VERSION;
    const useShm = hello.supportsShm === Bool.TRUE && !forceNoShm && sameLayout;
    return {
      streamId: hello.streamId,
      consumerId: hello.consumerId,
      useShm: useShm ? Bool.TRUE : Bool.FALSE,
      mode: forceMode ?? hello.mode,
      descriptorStreamId: descriptors?.streamId ?? 0,
      controlStreamId: control?.streamId ?? 0,
      payloadFallbackUri,
      descriptorChannel: descriptors?.channel ?? "",
      controlChannel: control?.channel ?? "",
    };
  }
}

function key(streamId: number, consumerId: number): string {
  return `${streamId}/${consumerId}`;
}

function requestOf(hello: ConsumerHello): string {
  return JSON.stringify(hello);
}

function hintOf(hello: ConsumerHello): ProgressHint {
  return {
    intervalUs: hello.progressIntervalUs,
    bytesDelta: hello.progressBytesDelta,
    majorUnits: hello.progressMajorDeltaUnits,
  };
}
