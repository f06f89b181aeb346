import { randomFillSync } from "node:crypto";
import type { Client, Publication } from "@proj/aeron";
import { ControlAdapter } from "../control/control-adapter.js";
import type { ConsumerConfig } from "../messages/generated/wire.js";
import { type ProgressMessage, readProgress } from "../progress/progress-message.js";
import { IdWatch } from "../qos/id-watch.js";
import { encodeConsumerQos, QosReporter } from "../qos/qos-reporter.js";
import { DEFAULT_CHANNEL, StreamIds } from "../stream-ids.js";
import {
  ConsumerLink,
  type ConsumerLinkAction,
  type ConsumerWishes,
} from "../supervisor/consumer-link.js";
import type { DirectConsumer } from "./direct-consumer.js";
import { type MessagePoller, offerMessage, openPoller } from "./message-poller.js";
import { monotonicNs } from "./monotonic-clock.js";
import { openAll } from "./opened.js";

const TURN_MS = 10;

/** How a consumer joins. */
export interface JoinSupervisorOptions extends ConsumerWishes {
  /** The client that carries the messages. */
  readonly client: Client;
  /** The consumer, one with a driver or without. */
  readonly consumer: Pick<DirectConsumer, "consumer" | "descriptors">;
  /** The channel of control and QoS; the same text for all who meet on it. */
  readonly channel?: string;
  /** Called for each message that tells how far a frame is. */
  readonly onProgress?: (progress: ProgressMessage) => void;
  /** Called when another consumer of the stream had the id before, and this one took another. */
  readonly onRenamed?: (consumerId: number) => void;
  /** Called when the consumer has to do without shared memory; the URI may be empty. */
  readonly onFallback?: (uri: string) => void;
}

/** A consumer that is known to its supervisor. */
export interface JoinedConsumer {
  /** Its side: which descriptors it reads, and in which mode. */
  readonly link: ConsumerLink;
  /** Leaves. The consumer goes on with what it has. */
  close(): void;
}

/**
 * Says hello for a consumer, follows the answer, and tells how it fares. On failure nothing stays open.
 * spec/tensor-pool.md §11, §15
 *
 * @throws AeronError
 */
export function joinSupervisor(options: JoinSupervisorOptions): Promise<JoinedConsumer> {
  const { client, channel = DEFAULT_CHANNEL } = options;
  return openAll(async (opened) => {
    const control = await opened.opening(client.addPublication(channel, StreamIds.control));
    const qos = await opened.opening(client.addPublication(channel, StreamIds.qos));
    const membership = new Membership(options, control, qos);
    const poller = await openPoller(client, channel, StreamIds.control, (view, offset, length) => {
      membership.receive(view, offset, length);
    });
    membership.run(poller);
    return membership;
  });
}

class Membership implements JoinedConsumer {
  readonly link: ConsumerLink;
  readonly #options: JoinSupervisorOptions;
  readonly #control: Publication;
  readonly #qosPublication: Publication;
  readonly #qos: QosReporter;
  readonly #adapter: ControlAdapter;
  readonly #ids: IdWatch;
  #shared: MessagePoller | undefined;
  #own: MessagePoller | undefined;
  #epoch: bigint | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: JoinSupervisorOptions, control: Publication, qos: Publication) {
    this.#options = options;
    this.#control = control;
    this.#qosPublication = qos;
    this.link = new ConsumerLink(options);
    this.#qos = new QosReporter(() => this.#report());
    this.#ids = new IdWatch(options.consumerId, { fill: (into) => randomFillSync(into) });
    this.#adapter = new ControlAdapter({
      handlers: {
        consumerHello: ({ streamId, consumerId }) => {
          if (streamId === options.streamId) this.#heard(consumerId);
        },
        consumerConfig: (config) => {
          this.#configured(config);
        },
      },
    });
  }

  receive(view: DataView, offset: number, length: number): void {
    this.#adapter.receive(view, offset, length);
    this.#progress(view, offset, length);
  }

  run(poller: MessagePoller): void {
    this.#shared = poller;
    this.#timer = setInterval(() => {
      this.#turn();
    }, TURN_MS);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#timer);
    this.#shared?.close();
    this.#own?.close();
    this.#control.close();
    this.#qosPublication.close();
  }

  #turn(): void {
    this.#shared?.poll();
    this.#own?.poll();
    const epoch = this.#options.consumer.consumer.stream?.epoch;
    if (epoch !== this.#epoch) {
      this.#epoch = epoch;
      this.link.remapped();
    }
    const nowNs = monotonicNs();
    const hello = this.link.due(nowNs);
    if (hello !== undefined && offerMessage(this.#control, hello) === "sent") {
      this.#ids.sent();
    }
    const qos = this.#qos.due(nowNs);
    if (qos !== undefined) offerMessage(this.#qosPublication, qos);
  }

  #report(): Uint8Array | undefined {
    const { consumer } = this.#options.consumer;
    if (consumer.stream === undefined) return undefined;
    return encodeConsumerQos({
      streamId: this.#options.streamId,
      consumerId: this.link.consumerId,
      epoch: consumer.stream.epoch,
      lastSeqSeen: consumer.lastSeq,
      dropsGap: consumer.counters.dropsGap,
      dropsLate: consumer.counters.dropsLate,
      mode: this.link.mode,
    });
  }

  #heard(consumerId: number): void {
    if (!this.#ids.seen(consumerId)) return;
    this.#act(this.link.renamed(this.#ids.id));
    this.#options.onRenamed?.(this.#ids.id);
  }

  #configured(config: ConsumerConfig): void {
    this.#act(this.link.configured(config));
    const { consumer } = this.#options.consumer;
    consumer.limitRate(this.link.limitsItself ? (this.#options.maxRateHz ?? 0) : 0);
  }

  #act(actions: readonly ConsumerLinkAction[]): void {
    const { consumer, client, onFallback } = this.#options;
    for (const action of actions) {
      switch (action.kind) {
        case "openDescriptors":
          consumer.descriptors
            .openOwn(action.stream, () => {
              this.link.ownAvailable();
              consumer.descriptors.leaveShared();
            })
            .catch(ignore);
          break;
        case "closeDescriptors":
          consumer.descriptors.closeOwn().catch(ignore);
          break;
        case "openControl":
          openPoller(client, action.stream.channel, action.stream.streamId, (...message) => {
            this.#progress(...message);
          }).then((poller) => {
            this.#own?.close();
            if (this.#closed) poller.close();
            else this.#own = poller;
          }, ignore);
          break;
        case "closeControl":
          this.#own?.close();
          this.#own = undefined;
          break;
        case "fallBack":
          onFallback?.(action.uri);
          break;
      }
    }
  }

  #progress(view: DataView, offset: number, length: number): void {
    const { onProgress, streamId } = this.#options;
    if (onProgress === undefined) return;
    const message = readProgress(view, offset, length);
    if (message?.streamId === streamId) onProgress(message);
  }
}

function ignore(): void {
  // A client that has ended tells its owner by itself.
}
