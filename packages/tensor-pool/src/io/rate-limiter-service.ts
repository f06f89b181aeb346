import type { Client } from "@proj/aeron";
import type { Backend } from "@proj/native-io";
import {
  DEFAULT_FORWARDING,
  forwardedMessage,
  type ForwardingOptions,
} from "../bridge/forwarded-message.js";
import { RateLimiter, type RateLimiterCounters } from "../limit/rate-limiter.js";
import { RelayProducer } from "../producer/relay-producer.js";
import { DEFAULT_CHANNEL } from "../stream-ids.js";
import { openDirectConsumer } from "./direct-consumer.js";
import { type DirectStreamOptions, startDirectStream } from "./direct-stream.js";
import { announcedAt, type MessagePlaces, placesOn } from "./message-places.js";
import { type MessagePoller, offerMessage, openPollerAt } from "./message-poller.js";
import { monotonicNs } from "./monotonic-clock.js";
import { openAll, type Opened } from "./opened.js";

const TURN_MS = 1;

/** How a stream is published at a lower rate. spec/tensor-pool.md §19 */
export interface RateLimiterServiceOptions {
  /** The client that carries everything. */
  readonly client: Client;
  /** The stream that is read. */
  readonly sourceStreamId: number;
  /** The channel of both streams' descriptors and messages. */
  readonly channel?: string;
  /** The Aeron stream of both streams' descriptors; by default 1100. */
  readonly descriptorStreamId?: number;
  /** Where the source's messages travel; by default on the usual streams of the channel. */
  readonly places?: Partial<MessagePlaces>;
  /** Where those of the stream that is written go, where that is elsewhere. */
  readonly targetPlaces?: Partial<MessagePlaces>;
  /** The stream that forwarded metadata speaks of; by default the one that is written. */
  readonly metadataStreamOf?: number;
  /** What lends the memory; by default what this machine has. */
  readonly backend?: Backend;
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

/** Starts a limiter; on failure nothing stays open. @throws NativeIoError, AeronError */
export function startRateLimiter(options: RateLimiterServiceOptions): Promise<RateLimiterService> {
  return openAll((opened) => startLimiting(options, opened));
}

async function startLimiting(
  options: RateLimiterServiceOptions,
  opened: Opened,
): Promise<RateLimiterService> {
  const { client, sourceStreamId, target, channel = DEFAULT_CHANNEL } = options;
  const forward = { ...DEFAULT_FORWARDING, ...options.forward };
  const { descriptorStreamId, backend } = options;
  const common = {
    client,
    channel,
    ...(descriptorStreamId === undefined ? {} : { descriptorStreamId }),
    ...(backend === undefined ? {} : { backend }),
  };
  const from = placesOn(channel, options.places);
  const to = { ...from, ...options.targetPlaces };
  const starting = startDirectStream({ ...announcedAt(to), ...target, ...common });
  const { stream, descriptors, fence } = await opened.opening(starting);
  const relay = new RelayProducer({ stream, descriptors, fence });
  opened.keep({
    close: () => {
      relay.revoke();
    },
  });
  const limiter = new RateLimiter(relay, options.maxRateHz);
  const source = await opened.opening(
    openDirectConsumer({
      ...common,
      ...announcedAt(from),
      streamId: sourceStreamId,
      ...(options.allowedDirs === undefined ? {} : { allowedDirs: options.allowedDirs }),
      onMapped: () => {
        limiter.remapped();
      },
    }),
  );
  const here = { streamId: target.streamId, epoch: stream.epoch };
  const told = { ...here, streamId: options.metadataStreamOf ?? target.streamId };
  const none = { metadata: false, traceLinks: false, qos: false, progress: false };
  const routes = [
    { place: "metadata", kinds: { ...none, metadata: forward.metadata }, target: told },
    { place: "qos", kinds: { ...none, qos: forward.qos }, target: here },
    { place: "control", kinds: { ...none, progress: forward.progress }, target: here },
    { place: "control", kinds: { ...none, traceLinks: forward.traceLinks }, target: told },
  ] as const;
  const wanted = routes.filter(({ kinds }) => Object.values(kinds).includes(true));
  const pollers: MessagePoller[] = [];
  for (const { place, kinds, target: speaksOf } of wanted) {
    const { channel: its, streamId } = to[place];
    const publication = await opened.opening(client.addPublication(its, streamId));
    const poller = openPollerAt(client, from[place], (view, offset, length) => {
      const message = forwardedMessage(view, offset, length, sourceStreamId, speaksOf, kinds);
      if (message !== undefined) offerMessage(publication, message);
    });
    pollers.push(await opened.opening(poller));
  }
  opened.every(TURN_MS, () => {
    for (const poller of pollers) poller.poll();
    source.poll((frame) => {
      limiter.take(monotonicNs(), frame);
    });
    limiter.tick(monotonicNs());
  });
  return {
    counters: limiter.counters,
    close: () => {
      opened.close();
    },
  };
}
