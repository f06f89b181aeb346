import type { Publication } from "@proj/aeron";
import type { Backend } from "@proj/native-io";
import { chunksOf, DEFAULT_BRIDGE_LIMITS } from "../bridge/bridge-limits.js";
import {
  DEFAULT_FORWARDING,
  forwardedMessage,
  type ForwardingOptions,
} from "../bridge/forwarded-message.js";
import { frameChunks } from "../bridge/frame-chunks.js";
import type { Frame } from "../consumer/frame.js";
import { DEFAULT_CHANNEL } from "../stream-ids.js";
import {
  announceOf,
  type BridgeChannels,
  type BridgeEnd,
  meetingPoints,
} from "./bridge-channels.js";
import { openDirectConsumer } from "./direct-consumer.js";
import { announcedAt, type MessagePlace, type MessagePlaces, placesOn } from "./message-places.js";
import { offerMessage, openPollerAt } from "./message-poller.js";
import { openAll, type Opened } from "./opened.js";

const TURN_MS = 1;

/** How frames leave a host. */
export interface BridgeSenderOptions extends BridgeChannels {
  /** The stream that is carried. */
  readonly streamId: number;
  /** The channel of the source's descriptors and messages. */
  readonly channel?: string;
  /** The Aeron stream of the source's descriptors; by default 1100. */
  readonly descriptorStreamId?: number;
  /** The folders beneath which the source's regions may lie. */
  readonly allowedDirs?: readonly string[];
  /** What lends the memory; by default what this machine has. */
  readonly backend?: Backend;
}

/**
 * Reads a stream and sends its frames over a bridge; a frame that the channel does not take is lost whole. On failure
 * nothing stays open.
 *
 * @throws NativeIoError, AeronError
 */
export function startBridgeSender(options: BridgeSenderOptions): Promise<BridgeEnd> {
  return openAll((opened) => startSending(options, opened));
}

async function startSending(options: BridgeSenderOptions, opened: Opened): Promise<BridgeEnd> {
  const { client, streamId, channel = DEFAULT_CHANNEL } = options;
  const { descriptorStreamId, allowedDirs, backend } = options;
  const limits = { ...DEFAULT_BRIDGE_LIMITS, ...options.limits };
  const out = await openPublications(options, opened);
  const places = placesOn(channel, options.places);
  const counts = { frames: 0, overwritten: 0, tooLarge: 0, backPressured: 0, forwarded: 0 };
  const source = await opened.opening(
    openDirectConsumer({
      client,
      streamId,
      channel,
      ...announcedAt(places),
      ...(descriptorStreamId === undefined ? {} : { descriptorStreamId }),
      ...(allowedDirs === undefined ? {} : { allowedDirs }),
      ...(backend === undefined ? {} : { backend }),
    }),
  );
  const pass = (publication: Publication, message: Uint8Array): void => {
    if (offerMessage(publication, message) === "sent") counts.forwarded++;
  };
  const announces = openPollerAt(client, places.announce, (view, offset, length) => {
    if (announceOf(view, offset, length, streamId) === undefined) return;
    pass(out.control, new Uint8Array(view.buffer, view.byteOffset + offset, length));
  });
  const pollers = [await opened.opening(announces)];
  for (const { from, routes } of forwarding(options.forward, places, out)) {
    const poller = openPollerAt(client, from, (view, offset, length) => {
      const epoch = source.consumer.stream?.epoch;
      if (epoch === undefined) return;
      for (const [publication, kinds] of routes) {
        const target = { streamId, epoch };
        const message = forwardedMessage(view, offset, length, streamId, target, kinds);
        if (message !== undefined) pass(publication, message);
      }
    });
    pollers.push(await opened.opening(poller));
  }
  const send = (frame: Frame): void => {
    if (chunksOf(frame.payload.length, limits) === undefined) {
      counts.tooLarge++;
      return;
    }
    const header = frame.header.slice();
    const payload = frame.payload.slice();
    if (!frame.stillValid()) {
      counts.overwritten++;
      return;
    }
    const { seq, traceId } = frame;
    const epoch = source.consumer.stream?.epoch ?? 0n;
    for (const chunk of frameChunks({ streamId, epoch, seq, traceId, header, payload }, limits)) {
      if (offerMessage(out.payload, chunk) === "sent") continue;
      counts.backPressured++;
      return;
    }
    counts.frames++;
  };
  opened.every(TURN_MS, () => {
    for (const poller of pollers) poller.poll();
    source.poll(send);
  });
  return {
    counters: () => ({ ...counts }),
    close: () => {
      opened.close();
    },
  };
}

async function openPublications(
  options: BridgeChannels,
  opened: Opened,
): Promise<Record<"payload" | "control" | "metadata", Publication>> {
  const { payload, control, metadata } = meetingPoints(options);
  const open = ({ channel, streamId }: MessagePlace): Promise<Publication> =>
    opened.opening(options.client.addPublication(channel, streamId));
  return {
    payload: await open(payload),
    control: await open(control),
    metadata: await open(metadata),
  };
}

interface Forwarding {
  readonly from: MessagePlace;
  readonly routes: readonly (readonly [Publication, ForwardingOptions])[];
}

// What the source says besides frames goes to where the far end looks for it, as it was said.
function forwarding(
  wanted: Partial<ForwardingOptions> | undefined,
  places: MessagePlaces,
  out: Readonly<Record<"control" | "metadata", Publication>>,
): readonly Forwarding[] {
  const { metadata, qos, traceLinks, progress } = { ...DEFAULT_FORWARDING, ...wanted };
  const none = { metadata: false, traceLinks: false, qos: false, progress: false };
  const all: Forwarding[] = [
    { from: places.metadata, routes: [[out.metadata, { ...none, metadata }]] },
    { from: places.qos, routes: [[out.control, { ...none, qos }]] },
    {
      from: places.control,
      routes: [
        [out.metadata, { ...none, traceLinks }],
        [out.control, { ...none, progress }],
      ],
    },
  ];
  return all.filter(({ routes }) =>
    routes.some(([, kinds]) => Object.values(kinds).includes(true)),
  );
}
