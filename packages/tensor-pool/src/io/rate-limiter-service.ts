import type { Client } from "@proj/aeron";
import {
  DEFAULT_FORWARDING,
  forwardedMessage,
  type ForwardingOptions,
} from "../bridge/forwarded-message.js";
import { RateLimiter, type RateLimiterCounters } from "../limit/rate-limiter.js";
import { RelayProducer } from "../producer/relay-producer.js";
import { DEFAULT_CHANNEL, StreamIds } from "../stream-ids.js";
import { openDirectConsumer } from "./direct-consumer.js";
import { type DirectStreamOptions, startDirectStream } from "./direct-stream.js";
import { offerMessage, openPoller } from "./message-poller.js";
import { monotonicNs } from "./monotonic-clock.js";

const TURN_MS = 1;

/** How a stream is published at a lower rate. spec/tensor-pool.md §19 */
export interface RateLimiterServiceOptions {
  /** The client that carries everything. */
  readonly client: Client;
  /** The stream that is read. */
  readonly sourceStreamId: number;
  /** The channel of both streams' descriptors and messages. */
  readonly channel?: string;
  /** The folders beneath which the source's regions may lie. */
  readonly allowedDirs?: readonly string[];
  /** The stream that is written, and its regions. */
  readonly target: Omit<DirectStreamOptions, "client" | "channel">;
  /** Frames a second; 0 for all. */
  readonly maxRateHz: number;
  /** What is forwarded besides frames; by default metadata. */
  readonly forward?: Partial<ForwardingOptions>;
}

/** A limiter that turns by itself. */
export interface RateLimiterService {
  /** What it has counted. */
  readonly counters: RateLimiterCounters;
  /** Ends it. */
  close(): void;
}

/** Starts a limiter. @throws NativeIoError, AeronError */
export async function startRateLimiter(
  options: RateLimiterServiceOptions,
): Promise<RateLimiterService> {
  const { client, sourceStreamId, target, channel = DEFAULT_CHANNEL } = options;
  const forward = { ...DEFAULT_FORWARDING, ...options.forward };
  const local = await startDirectStream({ ...target, client, channel });
  const { stream, descriptors, fence } = local;
  const relay = new RelayProducer({ stream, descriptors, fence });
  const limiter = new RateLimiter(relay, options.maxRateHz);
  const source = await openDirectConsumer({
    client,
    channel,
    streamId: sourceStreamId,
    ...(options.allowedDirs === undefined ? {} : { allowedDirs: options.allowedDirs }),
    onMapped: () => {
      limiter.remapped();
    },
  });
  const here = { streamId: target.streamId, epoch: stream.epoch };
  const forwarded = await Promise.all(
    [StreamIds.metadata, StreamIds.qos, StreamIds.control].map(async (streamId) => {
      const publication = await client.addPublication(channel, streamId);
      const poller = await openPoller(client, channel, streamId, (view, offset, length) => {
        const message = forwardedMessage(view, offset, length, sourceStreamId, here, forward);
        if (message !== undefined) offerMessage(publication, message);
      });
      return { publication, poller };
    }),
  );
  const timer = setInterval(() => {
    for (const { poller } of forwarded) poller.poll();
    source.poll((frame) => {
      limiter.take(monotonicNs(), frame);
    });
    limiter.tick(monotonicNs());
  }, TURN_MS);
  return {
    counters: limiter.counters,
    close: () => {
      clearInterval(timer);
      for (const { poller, publication } of forwarded) {
        poller.close();
        publication.close();
      }
      source.close();
      relay.revoke();
      local.close();
    },
  };
}
