import type { Client, Publication } from "@proj/aeron";
import { ControlAdapter } from "../control/control-adapter.js";
import { encodeConsumerConfig } from "../messages/generated/wire.js";
import { type DataSourceIdentity, MetadataSource } from "../metadata/metadata-source.js";
import { ProgressEmitter } from "../progress/progress-emitter.js";
import { encodeProgress } from "../progress/progress-message.js";
import { ProgressPolicy, type ProgressPolicyOptions } from "../progress/progress-policy.js";
import { encodeProducerQos, QosReporter } from "../qos/qos-reporter.js";
import { DEFAULT_CHANNEL, StreamIds } from "../stream-ids.js";
import {
  type SupervisedConsumer,
  Supervisor,
  type SupervisorEvent,
  type SupervisorOptions,
} from "../supervisor/supervisor.js";
import type { DirectProducer } from "./direct-producer.js";
import { type MessagePoller, offerMessage, openPoller } from "./message-poller.js";
import { monotonicNs } from "./monotonic-clock.js";

const TURN_MS = 10;

/** How a producer serves its consumers. */
export interface ServeConsumersOptions {
  /** The client that carries the messages. */
  readonly client: Client;
  /** Whose consumers they are. */
  readonly producer: DirectProducer;
  /** The channel of control, QoS and metadata; the same text for all who meet on it. */
  readonly channel?: string;
  /** How consumers are answered; `"elsewhere"` where a supervisor of its own does it. */
  readonly supervisor?: Partial<SupervisorOptions> | "elsewhere";
  /** What the stream is called; by default nobody is told. */
  readonly source?: Pick<DataSourceIdentity, "name" | "summary">;
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
 * stream means and how far its frames are. spec/tensor-pool.md §10, §11, §12, §15
 *
 * @throws AeronError
 */
export async function serveConsumers(options: ServeConsumersOptions): Promise<ServedConsumers> {
  const { client, channel = DEFAULT_CHANNEL } = options;
  const publications = {
    control: await client.addPublication(channel, StreamIds.control),
    qos: await client.addPublication(channel, StreamIds.qos),
    metadata: await client.addPublication(channel, StreamIds.metadata),
  };
  const service = new ConsumerService(options, publications);
  const poller = await openPoller(client, channel, StreamIds.control, (view, offset, length) => {
    service.receive(view, offset, length);
  });
  service.run(poller);
  return service;
}

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
  #timer: NodeJS.Timeout | undefined;
  #poller: MessagePoller | undefined;
  #closed = false;

  constructor(
    options: ServeConsumersOptions,
    publications: Readonly<Record<"control" | "qos" | "metadata", Publication>>,
  ) {
    this.#options = options;
    this.#publications = publications;
    const { layout, producer } = options.producer;
    const { streamId, producerId, epoch } = layout;
    const { supervisor = {} } = options;
    const elsewhere = supervisor === "elsewhere";
    this.#supervisor = new Supervisor(elsewhere ? {} : supervisor);
    this.#policy = new ProgressPolicy(options.progress);
    this.progress = new ProgressEmitter({
      policy: this.#policy,
      emit: ({ seq, filledBytes, state }) => {
        this.#sendProgress(encodeProgress({ streamId, epoch, seq, filledBytes, state }));
      },
    });
    this.metadata =
      options.source && new MetadataSource({ streamId, producerId, ...options.source }, epoch);
    this.#qos = new QosReporter(() =>
      encodeProducerQos({ streamId, producerId, epoch, currentSeq: producer.nextSeq - 1 }),
    );
    this.#adapter = new ControlAdapter({
      handlers: {
        consumerHello: (hello) => {
          if (hello.streamId !== streamId) return;
          this.#handle(this.#supervisor.hello(monotonicNs(), hello), elsewhere);
        },
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
    if (event.kind === "stale") {
      this.#forget(event.consumer);
      return;
    }
    if (event.kind === "answered" && event.before !== event.consumer) this.#give(event.consumer);
    if (!silent) offerMessage(this.#publications.control, encodeConsumerConfig(event.config));
  }

  #give(consumer: SupervisedConsumer): void {
    const { consumerId, descriptors, control, maxRateHz, progress } = consumer;
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
