import { BridgeReceiver } from "../bridge/bridge-receiver.js";
import {
  DEFAULT_FORWARDING,
  forwardedMessage,
  type ForwardingOptions,
} from "../bridge/forwarded-message.js";
import { RelayProducer } from "../producer/relay-producer.js";
import { DEFAULT_CHANNEL } from "../stream-ids.js";
import {
  announceOf,
  type BridgeChannels,
  type BridgeEnd,
  meetingPoints,
} from "./bridge-channels.js";
import { type DirectStreamOptions, startDirectStream } from "./direct-stream.js";
import { announcedAt, type MessagePlace, placesOn } from "./message-places.js";
import {
  type MessageHandler,
  type MessagePoller,
  offerMessage,
  openPollerAt,
} from "./message-poller.js";
import { monotonicNs } from "./monotonic-clock.js";
import { openAll, type Opened } from "./opened.js";

const TURN_MS = 1;
const NOTHING_ELSE: ForwardingOptions = {
  metadata: false,
  traceLinks: false,
  qos: false,
  progress: false,
};

/** How frames arrive on a host. */
export interface BridgeReceiverOptions extends BridgeChannels {
  /** The stream that is carried. */
  readonly sourceStreamId: number;
  /** The stream that it becomes here, and its regions. */
  readonly target: Omit<DirectStreamOptions, "client">;
  /** The stream that metadata and trace links speak of here; by default the target's. */
  readonly metadataStreamOf?: number;
}

/**
 * Takes what comes over a bridge and publishes it as a stream of this host. On failure nothing stays open.
 *
 * @throws NativeIoError, AeronError
 */
export function startBridgeReceiver(options: BridgeReceiverOptions): Promise<BridgeEnd> {
  return openAll((opened) => startReceiving(options, opened));
}

async function startReceiving(options: BridgeReceiverOptions, opened: Opened): Promise<BridgeEnd> {
  const { client, sourceStreamId, target } = options;
  const forward = { ...DEFAULT_FORWARDING, ...options.forward };
  const channel = target.channel ?? DEFAULT_CHANNEL;
  const places = placesOn(channel, options.places);
  const starting = startDirectStream({ ...announcedAt(places), ...target, client });
  const { stream, descriptors, fence } = await opened.opening(starting);
  const relay = new RelayProducer({ stream, descriptors, fence });
  opened.keep({
    close: () => {
      relay.revoke();
    },
  });
  const receiver = new BridgeReceiver(sourceStreamId, relay, options.limits);
  const here = { streamId: target.streamId, epoch: stream.epoch };
  const told = { ...here, streamId: options.metadataStreamOf ?? target.streamId };
  const counts = { forwarded: 0 };
  // What one kind of message is published again by, where it is wanted at all.
  const again = async (
    kind: keyof ForwardingOptions,
    place: MessagePlace,
  ): Promise<MessageHandler> => {
    if (!forward[kind]) return () => undefined;
    const kinds = { ...NOTHING_ELSE, [kind]: true };
    const speaksOf = kind === "metadata" || kind === "traceLinks" ? told : here;
    const publication = await opened.opening(client.addPublication(place.channel, place.streamId));
    return (view, offset, length) => {
      const message = forwardedMessage(view, offset, length, sourceStreamId, speaksOf, kinds);
      if (message !== undefined && offerMessage(publication, message) === "sent") {
        counts.forwarded++;
      }
    };
  };
  const qos = await again("qos", places.qos);
  const progress = await again("progress", places.control);
  const metadata = await again("metadata", places.metadata);
  const traceLinks = await again("traceLinks", places.control);
  const meeting = meetingPoints(options);
  const listen = (place: MessagePlace, handler: MessageHandler): Promise<MessagePoller> =>
    opened.opening(openPollerAt(client, place, handler));
  const pollers = [
    await listen(meeting.control, (view, offset, length) => {
      const layout = announceOf(view, offset, length, sourceStreamId);
      if (layout !== undefined) receiver.announced(layout);
      qos(view, offset, length);
      progress(view, offset, length);
    }),
    await listen(meeting.metadata, (view, offset, length) => {
      metadata(view, offset, length);
      traceLinks(view, offset, length);
    }),
    await listen(meeting.payload, (view, offset, length) => {
      receiver.receive(monotonicNs(), view, offset, length);
    }),
  ];
  opened.every(TURN_MS, () => {
    for (const poller of pollers) poller.poll();
    receiver.tick(monotonicNs());
  });
  return {
    counters: () => ({
      published: 0,
      ...receiver.counters,
      timedOut: receiver.timedOut,
      ...counts,
    }),
    close: () => {
      opened.close();
    },
  };
}
