import type { Client } from "@proj/aeron";
import type { DiscoverySection } from "../config/pool-config.js";
import { DiscoveryProvider } from "../discovery/discovery-provider.js";
import { type MessageHandler, openPoller } from "./message-poller.js";
import { monotonicNs } from "./monotonic-clock.js";
import { openAll, type Opened } from "./opened.js";
import { ReplyPublications } from "./reply-publications.js";

const TURN_MS = 5;

/** How discovery is started. */
export interface DiscoveryServiceOptions {
  /** The client that carries its messages. */
  readonly client: Client;
  /** Whom it speaks for, and where. */
  readonly config: DiscoverySection;
}

/** Discovery that turns by itself. */
export interface DiscoveryService {
  /** What it knows: streams can be marked in its index. */
  readonly provider: DiscoveryProvider;
  /** Ends it. Harmless the second time. */
  close(): void;
}

/** Starts answering which streams there are, on this event loop; on failure nothing stays open. @throws AeronError */
export function startDiscovery(options: DiscoveryServiceOptions): Promise<DiscoveryService> {
  return openAll((opened) => startAnswering(options, opened));
}

async function startAnswering(
  options: DiscoveryServiceOptions,
  opened: Opened,
): Promise<DiscoveryService> {
  const { client, config } = options;
  const provider = new DiscoveryProvider({
    driverInstanceId: config.driver_instance_id,
    driverControlChannel: config.driver_control_channel,
    driverControlStreamId: config.driver_control_stream_id,
    announcePeriodNs: BigInt(config.announce_period_ms) * 1_000_000n,
    maxResults: config.max_results,
    allowedChannelPrefixes: config.allowed_channel_prefixes,
  });
  const open = (channel: string, streamId: number, handler: MessageHandler) =>
    opened.opening(openPoller(client, channel, streamId, handler));
  const pollers = [
    await open(config.request_channel, config.request_stream_id, (view, offset, length) => {
      provider.receiveRequest(new Uint8Array(view.buffer, view.byteOffset + offset, length));
    }),
    await open(config.announce_channel, config.announce_stream_id, (view, offset, length) => {
      const realtimeNs = BigInt(Date.now()) * 1_000_000n;
      provider.receiveAnnounce(monotonicNs(), realtimeNs, view, offset, length);
    }),
    await open(config.metadata_channel, config.metadata_stream_id, (view, offset, length) => {
      provider.receiveMetadata(view, offset, length);
    }),
  ];
  const replies = opened.keep(new ReplyPublications(client));
  const turn = (): void => {
    for (const poller of pollers) poller.poll();
    provider.tick(monotonicNs());
    const nowMs = Date.now();
    for (let next = provider.nextReply(); next !== undefined; next = provider.nextReply()) {
      if (!replies.send(next, nowMs)) provider.counters.dropped++;
    }
    replies.turn(nowMs);
  };
  opened.every(TURN_MS, turn);
  return {
    provider,
    close() {
      opened.close();
    },
  };
}
