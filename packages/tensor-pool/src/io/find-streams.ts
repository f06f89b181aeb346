import { randomFillSync, randomInt } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "@proj/aeron";
import { DiscoveryClient, type FoundStream } from "../discovery/discovery-client.js";
import type { StreamFilter } from "../discovery/discovery-index.js";
import { TensorPoolError } from "../errors.js";
import { DEFAULT_CHANNEL, DiscoveryStreamIds } from "../stream-ids.js";
import { type MessageHandler, offerMessage, openPoller } from "./message-poller.js";
import { monotonicNs } from "./monotonic-clock.js";
import { Opened } from "./opened.js";

const TURN_MS = 2;

/** How streams are looked for. */
export interface FindStreamsOptions extends StreamFilter {
  /** The client that carries the messages. */
  readonly client: Client;
  /** The channel on which is asked; the same text for all who meet on it. */
  readonly requestChannel?: string;
  /** The stream on which is asked. */
  readonly requestStreamId?: number;
  /** The channel on which the answer comes. */
  readonly responseChannel?: string;
  /** The stream on which it comes. */
  readonly responseStreamId?: number;
  /** Who asks, not 0; by default random. */
  readonly clientId?: number;
  /** How long an answer is awaited, in milliseconds; by default 1000. */
  readonly timeoutMs?: number;
}

/**
 * Asks discovery for the streams that a filter lets through.
 *
 * @throws TensorPoolError `tensor_pool.discovery_timeout`, `tensor_pool.discovery_failed` with the provider's
 *   words; AeronError.
 */
export async function findStreams(options: FindStreamsOptions): Promise<readonly FoundStream[]> {
  const { client, timeoutMs = 1_000 } = options;
  const responseChannel = options.responseChannel ?? DEFAULT_CHANNEL;
  const responseStreamId = options.responseStreamId ?? DiscoveryStreamIds.response;
  const asking = new DiscoveryClient({
    clientId: options.clientId ?? randomInt(1, 2 ** 31),
    responseChannel,
    responseStreamId,
    timeoutNs: BigInt(timeoutMs) * 1_000_000n,
    random: { fill: (into) => randomFillSync(into) },
  });
  const { requestChannel = DEFAULT_CHANNEL } = options;
  const { requestStreamId = DiscoveryStreamIds.request } = options;
  const opened = new Opened();
  const receive: MessageHandler = (view, offset, length) => {
    asking.receive(new Uint8Array(view.buffer, view.byteOffset + offset, length));
  };
  try {
    const responding = openPoller(client, responseChannel, responseStreamId, receive);
    const responses = await opened.opening(responding);
    const requests = await opened.opening(client.addPublication(requestChannel, requestStreamId));
    const { streamId, producerId, dataSourceId, dataSourceName = "", tags = [] } = options;
    asking.request(monotonicNs(), { streamId, producerId, dataSourceId, dataSourceName, tags });
    for (;;) {
      asking.transmit(monotonicNs(), (bytes) => offerMessage(requests, bytes) === "sent");
      responses.poll();
      asking.tick(monotonicNs());
      const event = asking.nextEvent();
      if (event?.kind === "found") return event.streams;
      if (event?.kind === "failed") {
        throw new TensorPoolError("tensor_pool.discovery_failed", event.message);
      }
      if (event?.kind === "timedOut") {
        const message = `no answer of discovery in ${timeoutMs} ms`;
        throw new TensorPoolError("tensor_pool.discovery_timeout", message);
      }
      await sleep(TURN_MS);
    }
  } finally {
    opened.close();
  }
}
