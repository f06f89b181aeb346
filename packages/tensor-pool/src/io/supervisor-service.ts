import type { Client } from "@proj/aeron";
import type { SupervisorSection } from "../config/pool-config.js";
import { ControlAdapter } from "../control/control-adapter.js";
import type { Logger } from "../log/logger.js";
import { logSupervisorEvent } from "../log/supervisor-log.js";
import { encodeConsumerConfig, type Mode } from "../messages/generated/wire.js";
import { StreamIdPool } from "../supervisor/stream-id-pool.js";
import { Supervisor, type SupervisorOptions } from "../supervisor/supervisor.js";
import { offerMessage, openPoller } from "./message-poller.js";
import { monotonicNs } from "./monotonic-clock.js";
import { openAll, type Opened } from "./opened.js";

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
  /** Says who comes, goes and finds no room. */
  readonly logger?: Logger;
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
 * `serveConsumers({ …, supervisor: "elsewhere" })`. On failure nothing stays open. spec/tensor-pool.md §15
 *
 * @throws AeronError
 */
export function startSupervisor(options: SupervisorServiceOptions): Promise<SupervisorService> {
  return openAll((opened) => startAnswering(options, opened));
}

async function startAnswering(
  options: SupervisorServiceOptions,
  opened: Opened,
): Promise<SupervisorService> {
  const { client, config, isOwn, logger } = options;
  const supervisor = new Supervisor(supervisorOptions(config));
  const { control_channel: control, control_stream_id: controlStreamId } = config;
  const answers = await opened.opening(client.addPublication(control, controlStreamId));
  const adapter = new ControlAdapter({
    handlers: {
      consumerHello: (hello) => {
        if (!isOwn(hello.streamId)) return;
        const event = supervisor.hello(monotonicNs(), hello);
        if (logger !== undefined) logSupervisorEvent(logger, event);
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
  const { qos_channel: qos, qos_stream_id: qosStreamId } = config;
  const pollers = [
    await opened.opening(openPoller(client, control, controlStreamId, receive)),
    await opened.opening(openPoller(client, qos, qosStreamId, receive)),
  ];
  opened.every(TURN_MS, () => {
    for (const poller of pollers) poller.poll();
    for (const event of supervisor.tick(monotonicNs())) {
      if (logger !== undefined) logSupervisorEvent(logger, event);
    }
  });
  return {
    supervisor,
    close() {
      opened.close();
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
