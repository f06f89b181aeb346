import type { Client, Publication } from "@proj/aeron";
import { ControlAdapter } from "../control/control-adapter.js";
import type { Logger } from "../log/logger.js";
import { logSupervisorEvent } from "../log/supervisor-log.js";
import { type ConsumerConfig, encodeConsumerConfig } from "../messages/generated/wire.js";
import { type DataSourceIdentity, MetadataSource } from "../metadata/metadata-source.js";
import { ProgressEmitter } from "../progress/progress-emitter.js";
import { encodeProgress } from "../progress/progress-message.js";
import { ProgressPolicy, type ProgressPolicyOptions } from "../progress/progress-policy.js";
import { encodeProducerQos, QosReporter } from "../qos/qos-reporter.js";
import { DEFAULT_CHANNEL, StreamIds } from "../stream-ids.js";
import { ownStreamRequest } from "../supervisor/own-stream-request.js";
import {
  DEFAULT_SUPERVISOR_OPTIONS,
  type OwnStream,
  type SupervisedConsumer,
  Supervisor,
  type SupervisorEvent,
  type SupervisorOptions,
} from "../supervisor/supervisor.js";
import { type MessagePoller, offerMessage, openPoller } from "./message-poller.js";
import { monotonicNs } from "./monotonic-clock.js";
import { openAll } from "./opened.js";
import type { ServedProducer } from "./served-producer.js";

const TURN_MS = 10;

/** How a producer serves its consumers. */
export interface ServeConsumersOptions {
  /** The client that carries the messages. */
  readonly client: Client;
  /** Whose consumers they are. */
  readonly producer: ServedProducer;
  /** The channel of control, QoS and metadata; the same text for all who meet on it. */
  readonly channel?: string;
  /** How consumers are answered; `"elsewhere"` where a driver or a supervisor of its own does it. */
  readonly supervisor?: Partial<SupervisorOptions> | "elsewhere";
  /** What the stream is called; by default nobody is told. */
  readonly source?: Pick<DataSourceIdentity, "name" | "summary">;
  /** Says who comes, goes and finds no room. */
  readonly logger?: Logger;
  /** How progress is bounded. */
  readonly progress?: ProgressPolicyOptions;
}

/** What a producer has beside its frames. */
export interface ServedConsumers {
  /** Tells how far a frame is that is being written in place. */
  readonly progress: ProgressEmitter;
  /** What frames mean; absent where the stream has no name. */
  readonly metadata: MetadataSource | undefined;
  /** The consumers that are there. */
  consumers(): readonly SupervisedConsumer[];
  /** Stops. The producer goes on. */
  close(): void;
}

/**
 * Answers consumers in place of a supervisor, gives them streams of their own, and tells how the producer fares, what its
 * stream means and how far its frames are. On failure nothing stays open. spec/tensor-pool.md §10, §11, §12, §15
 *
 * @throws AeronError
 */
export function serveConsumers(options: ServeConsumersOptions): Promise<ServedConsumers> {
  const { client, channel = DEFAULT_CHANNEL } = options;
  return openAll(async (opened) => {
    const open = (streamId: number): Promise<Publication> =>
      opened.opening(client.addPublication(channel, streamId));
    const service = new ConsumerService(options, {
      control: await open(StreamIds.control),
      qos: await open(StreamIds.qos),
      metadata: await open(StreamIds.metadata),
    });
    const poller = await openPoller(client, channel, StreamIds.control, (view, offset, length) => {
      service.receive(view, offset, length);
    });
    service.run(poller);
    return service;
  });
}

type OwnStreams = Pick<SupervisedConsumer, "descriptors" | "control">;

class ConsumerService implements ServedConsumers {
  readonly progress: ProgressEmitter;
  readonly metadata: MetadataSource | undefined;
  readonly #options: ServeConsumersOptions;
  readonly #publications: Readonly<Record<"control" | "qos" | "metadata", Publication>>;
  readonly #supervisor: Supervisor;
  readonly #policy: ProgressPolicy;
  readonly #qos: QosReporter;
  readonly #adapter: ControlAdapter;
  readonly #ownControl = new Map<number, Publication>();
  /** What was given on the word of another supervisor. */
  readonly #given = new Map<number, string>();
  #epoch: bigint;
  #timer: NodeJS.Timeout | undefined;
  #poller: MessagePoller | undefined;
  #closed = false;

  constructor(
    options: ServeConsumersOptions,
    publications: Readonly<Record<"control" | "qos" | "metadata", Publication>>,
  ) {
    this.#options = options;
    this.#publications = publications;
    const { producer, supervisor = {} } = options;
    const { streamId, epoch, producerId } = producer;
    if (streamId === undefined || epoch === undefined) {
      throw new RangeError("a producer that has no stream yet cannot be served");
    }
    const elsewhere = supervisor === "elsewhere";
    this.#epoch = epoch;
    this.#supervisor = new Supervisor(elsewhere ? {} : supervisor);
    this.#policy = new ProgressPolicy(options.progress);
    this.progress = new ProgressEmitter({
      policy: this.#policy,
      emit: ({ seq, filledBytes, state }) => {
        const message = { streamId, epoch: this.#epoch, seq, filledBytes, state };
        this.#sendProgress(encodeProgress(message));
      },
    });
    this.metadata =
      options.source && new MetadataSource({ streamId, producerId, ...options.source }, epoch);
    this.#qos = new QosReporter(() => {
      const currentSeq = producer.nextSeq - 1;
      return encodeProducerQos({ streamId, producerId, epoch: this.#epoch, currentSeq });
    });
    this.#adapter = new ControlAdapter({
      handlers: {
        consumerHello: (hello) => {
          if (hello.streamId !== streamId) return;
          this.#handle(this.#supervisor.hello(monotonicNs(), hello), elsewhere);
        },
        ...(elsewhere
          ? {
              consumerConfig: (config: ConsumerConfig) => {
                if (config.streamId === streamId) this.#configured(config);
              },
            }
          : {}),
      },
    });
  }

  receive(view: DataView, offset: number, length: number): void {
    this.#adapter.receive(view, offset, length);
  }

  run(poller: MessagePoller): void {
    this.#poller = poller;
    this.#timer = setInterval(() => {
      this.#turn();
    }, TURN_MS);
  }

  consumers(): readonly SupervisedConsumer[] {
    return this.#supervisor.consumers;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#timer);
    this.#poller?.close();
    for (const publication of this.#ownControl.values()) publication.close();
    for (const publication of Object.values(this.#publications)) publication.close();
  }

  #turn(): void {
    this.#poller?.poll();
    const nowNs = monotonicNs();
    const { epoch } = this.#options.producer;
    if (epoch !== undefined && epoch !== this.#epoch) {
      this.#epoch = epoch;
      this.metadata?.setEpoch(epoch);
    }
    for (const event of this.#supervisor.tick(nowNs)) this.#handle(event, true);
    this.progress.tick(Number(nowNs / 1_000n));
    const qos = this.#qos.due(nowNs);
    if (qos !== undefined) offerMessage(this.#publications.qos, qos);
    for (const message of this.metadata?.due(nowNs) ?? []) {
      offerMessage(this.#publications.metadata, message);
    }
  }

  // Another supervisor answers for itself: then only what the consumer wants to know of progress matters here.
  #handle(event: SupervisorEvent, silent: boolean): void {
    const { logger } = this.#options;
    if (logger !== undefined) logSupervisorEvent(logger, event);
    if (event.kind === "stale") {
      this.#forget(event.consumer);
      return;
    }
    if (event.kind === "answered" && event.before !== event.consumer) this.#give(event.consumer);
    if (!silent) offerMessage(this.#publications.control, encodeConsumerConfig(event.config));
  }

  // What somebody else answered is given as if it had been answered here, each answer once.
  #configured(config: ConsumerConfig): void {
    const { consumerId } = config;
    const consumer = this.#supervisor.consumers.find((each) => each.consumerId === consumerId);
    const given = JSON.stringify(config);
    if (consumer === undefined || this.#given.get(consumerId) === given) return;
    this.#give(consumer, {
      descriptors: this.#granted(config.descriptorChannel, config.descriptorStreamId),
      control: this.#granted(config.controlChannel, config.controlStreamId),
    });
    this.#given.set(consumerId, given);
  }

  #granted(channel: string, streamId: number): OwnStream | undefined {
    const request = ownStreamRequest(channel, streamId, DEFAULT_SUPERVISOR_OPTIONS);
    return request.kind === "wanted" ? { channel, streamId } : undefined;
  }

  #give(consumer: SupervisedConsumer, own: OwnStreams = consumer): void {
    const { consumerId, maxRateHz, progress } = consumer;
    const { descriptors, control } = own;
    this.#forget(consumer);
    if (progress !== undefined) this.#policy.set(consumerId, progress);
    const { client, producer } = this.#options;
    const isCurrent = (): boolean => !this.#closed && this.#supervisor.consumers.includes(consumer);
    // A publication that is refused leaves its consumer on the shared stream, where everything is as well.
    if (descriptors !== undefined) {
      client.addPublication(descriptors.channel, descriptors.streamId).then((publication) => {
        if (isCurrent()) producer.descriptors.set(consumerId, publication, maxRateHz);
        else publication.close();
      }, ignore);
    }
    if (control === undefined) return;
    client.addPublication(control.channel, control.streamId).then((publication) => {
      if (isCurrent()) this.#ownControl.set(consumerId, publication);
      else publication.close();
    }, ignore);
  }

  #forget({ consumerId }: SupervisedConsumer): void {
    this.#options.producer.descriptors.delete(consumerId);
    this.#policy.delete(consumerId);
    this.#given.delete(consumerId);
    this.#ownControl.get(consumerId)?.close();
    this.#ownControl.delete(consumerId);
  }

  // Each stream of a consumer's own gets a copy, and the shared one if anybody has none.
  #sendProgress(message: Uint8Array): void {
    let shared = false;
    for (const { consumerId, progress } of this.#supervisor.consumers) {
      if (progress === undefined) continue;
      const own = this.#ownControl.get(consumerId);
      if (own === undefined) shared = true;
      else offerMessage(own, message);
    }
    if (shared) offerMessage(this.#publications.control, message);
  }
}

function ignore(): void {
  // What a driver refuses is told by what does not come.
}
