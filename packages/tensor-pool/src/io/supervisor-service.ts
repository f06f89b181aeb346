import type { Client } from "@proj/aeron";
import type { SupervisorSection } from "../config/pool-config.js";
import { ControlAdapter } from "../control/control-adapter.js";
import { encodeConsumerConfig, type Mode } from "../messages/generated/wire.js";
import { StreamIdPool } from "../supervisor/stream-id-pool.js";
import { Supervisor, type SupervisorOptions } from "../supervisor/supervisor.js";
import { offerMessage, openPoller } from "./message-poller.js";
import { monotonicNs } from "./monotonic-clock.js";

const TURN_MS = 10;
const MS_TO_NS = 1_000_000n;

/** How a supervisor is started. */
export interface SupervisorServiceOptions {
  /** The client that carries its messages. */
  readonly client: Client;
  /** How it answers, and where. */
  readonly config: SupervisorSection;
  /** Whether a stream is its own: only one may answer for each. */
  readonly isOwn: (streamId: number) => boolean;
}

/** A supervisor that turns by itself. */
export interface SupervisorService {
  /** The consumers that are there. */
  readonly supervisor: Supervisor;
  /** Ends it. Harmless the second time. */
  close(): void;
}

/**
 * Starts answering the consumers of a driver's streams, on this event loop. Their producers give them what was answered:
 * `serveConsumers({ …, supervisor: "elsewhere" })`. spec/tensor-pool.md §15
 *
 * @throws AeronError
 */
export async function startSupervisor(
  options: SupervisorServiceOptions,
): Promise<SupervisorService> {
  const { client, config, isOwn } = options;
  const supervisor = new Supervisor(supervisorOptions(config));
  const answers = await client.addPublication(config.control_channel, config.control_stream_id);
  const adapter = new ControlAdapter({
    handlers: {
      consumerHello: (hello) => {
        if (!isOwn(hello.streamId)) return;
        const event = supervisor.hello(monotonicNs(), hello);
        if (event.kind !== "stale") offerMessage(answers, encodeConsumerConfig(event.config));
      },
      qosConsumer: (qos) => {
        supervisor.qos(monotonicNs(), qos);
      },
    },
  });
  const receive = (view: DataView, offset: number, length: number): void => {
    adapter.receive(view, offset, length);
  };
  const pollers = [
    await openPoller(client, config.control_channel, config.control_stream_id, receive),
    await openPoller(client, config.qos_channel, config.qos_stream_id, receive),
  ];
  const timer = setInterval(() => {
    for (const poller of pollers) poller.poll();
    supervisor.tick(monotonicNs());
  }, TURN_MS);
  return {
    supervisor,
    close() {
      clearInterval(timer);
      for (const poller of pollers.splice(0)) poller.close();
      answers.close();
    },
  };
}

/** Reads a section as what a supervisor is told. Channels of single consumers are those of the section and no others. */
export function supervisorOptions(config: SupervisorSection): Partial<SupervisorOptions> {
  const ids = (first: number, count: number): StreamIdPool | undefined =>
    config.per_consumer_enabled && count > 0
      ? new StreamIdPool({ first, last: first + count - 1 })
      : undefined;
  return {
    capacity: config.consumer_capacity,
    staleNs: BigInt(config.consumer_stale_ms) * MS_TO_NS,
    allowedPrefixes: [config.per_consumer_descriptor_channel, config.per_consumer_control_channel],
    descriptorIds: ids(config.per_consumer_descriptor_base, config.per_consumer_descriptor_range),
    controlIds: ids(config.per_consumer_control_base, config.per_consumer_control_range),
    forceNoShm: config.force_no_shm,
    forceMode: config.force_mode === 0 ? undefined : (config.force_mode as Mode),
    payloadFallbackUri: config.payload_fallback_uri,
  };
}
