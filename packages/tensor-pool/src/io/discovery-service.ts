import type { Client } from "@proj/aeron";
import type { DiscoverySection } from "../config/pool-config.js";
import { DiscoveryProvider } from "../discovery/discovery-provider.js";
import { type MessagePoller, openPoller } from "./message-poller.js";
import { monotonicNs } from "./monotonic-clock.js";
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

/** Starts answering which streams there are, on this event loop. @throws AeronError */
export async function startDiscovery(options: DiscoveryServiceOptions): Promise<DiscoveryService> {
  const { client, config } = options;
  const provider = new DiscoveryProvider({
    driverInstanceId: config.driver_instance_id,
    driverControlChannel: config.driver_control_channel,
    driverControlStreamId: config.driver_control_stream_id,
    announcePeriodNs: BigInt(config.announce_period_ms) * 1_000_000n,
    maxResults: config.max_results,
    allowedChannelPrefixes: config.allowed_channel_prefixes,
  });
  const pollers: MessagePoller[] = [
    await openPoller(
      client,
      config.request_channel,
      config.request_stream_id,
      (view, offset, length) => {
        provider.receiveRequest(new Uint8Array(view.buffer, view.byteOffset + offset, length));
      },
    ),
    await openPoller(
      client,
      config.announce_channel,
      config.announce_stream_id,
      (view, offset, length) => {
        const realtimeNs = BigInt(Date.now()) * 1_000_000n;
        provider.receiveAnnounce(monotonicNs(), realtimeNs, view, offset, length);
      },
    ),
    await openPoller(
      client,
      config.metadata_channel,
      config.metadata_stream_id,
      (view, offset, length) => {
        provider.receiveMetadata(view, offset, length);
      },
    ),
  ];
  const replies = new ReplyPublications(client);
  const turn = (): void => {
    for (const poller of pollers) poller.poll();
    provider.tick(monotonicNs());
    const nowMs = Date.now();
    for (let next = provider.nextReply(); next !== undefined; next = provider.nextReply()) {
      if (!replies.send(next, nowMs)) provider.counters.dropped++;
    }
    replies.turn(nowMs);
  };
  const timer = setInterval(turn, TURN_MS);
  return {
    provider,
    close() {
      clearInterval(timer);
      for (const poller of pollers) poller.close();
      replies.close();
    },
  };
}
