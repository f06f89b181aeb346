import type { Client, Publication } from "@proj/aeron";
import type { Backend } from "@proj/native-io";
import { decodeAnnounce } from "../announce/announce.js";
import { type BridgeLimits, chunksOf, DEFAULT_BRIDGE_LIMITS } from "../bridge/bridge-limits.js";
import { BridgeReceiver } from "../bridge/bridge-receiver.js";
import {
  DEFAULT_FORWARDING,
  forwardedMessage,
  type ForwardingOptions,
  type ForwardTarget,
} from "../bridge/forwarded-message.js";
import { frameChunks } from "../bridge/frame-chunks.js";
import type { Frame } from "../consumer/frame.js";
import { RelayProducer } from "../producer/relay-producer.js";
import { DEFAULT_CHANNEL } from "../stream-ids.js";
import { openDirectConsumer } from "./direct-consumer.js";
import { type DirectStreamOptions, startDirectStream } from "./direct-stream.js";
import { type MessagePoller, offerMessage, openPollerAt } from "./message-poller.js";
import { announcedAt, type MessagePlace, type MessagePlaces, placesOn } from "./message-places.js";
import { monotonicNs } from "./monotonic-clock.js";

const TURN_MS = 1;

/** Where the two ends of a bridge meet: channels that reach the other host. spec/tensor-pool.md §19, §21 */
export interface BridgeChannels {
  /** The client that carries everything. */
  readonly client: Client;
  /** The channel of frames. */
  readonly payloadChannel: string;
  /** Its stream; by default 3000. */
  readonly payloadStreamId?: number;
  /** The channel of announces, QoS and progress; by default that of frames. */
  readonly controlChannel?: string;
  /** Its stream; by default 3001. */
  readonly controlStreamId?: number;
  /** The channel of metadata and trace links; by default that of frames. */
  readonly metadataChannel?: string;
  /** Its stream; by default 3002. */
  readonly metadataStreamId?: number;
  /** What a chunk and a frame may have. */
  readonly limits?: Partial<BridgeLimits>;
  /** What is forwarded besides frames. */
  readonly forward?: Partial<ForwardingOptions>;
  /** Where the messages of this host's streams travel; by default on the usual streams of their channel. */
  readonly places?: Partial<MessagePlaces>;
}

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

/** How frames arrive on a host. */
export interface BridgeReceiverOptions extends BridgeChannels {
  /** The stream that is carried. */
  readonly sourceStreamId: number;
  /** The stream that it becomes here, and its regions. */
  readonly target: Omit<DirectStreamOptions, "client">;
  /** The stream that metadata and trace links speak of here; by default the target's. */
  readonly metadataStreamOf?: number;
}

/** One end of a bridge. */
export interface BridgeEnd {
  /** What it has counted, by name. */
  counters(): Readonly<Record<string, number>>;
  /** Ends it. */
  close(): void;
}

/** Reads a stream and sends its frames over a bridge; a frame that the channel does not take is lost whole. @throws AeronError */
export async function startBridgeSender(options: BridgeSenderOptions): Promise<BridgeEnd> {
  const { client, streamId, channel = DEFAULT_CHANNEL } = options;
  const limits = { ...DEFAULT_BRIDGE_LIMITS, ...options.limits };
  const forward = { ...DEFAULT_FORWARDING, ...options.forward };
  const out = await openPublications(options);
  const places = placesOn(channel, options.places);
  const counts = { frames: 0, overwritten: 0, tooLarge: 0, backPressured: 0, forwarded: 0 };
  const consumer = await openDirectConsumer({
    client,
    streamId,
    channel,
    ...announcedAt(places),
    ...(options.descriptorStreamId === undefined
      ? {}
      : { descriptorStreamId: options.descriptorStreamId }),
    ...(options.allowedDirs === undefined ? {} : { allowedDirs: options.allowedDirs }),
    ...(options.backend === undefined ? {} : { backend: options.backend }),
  });
  const pass = (publication: Publication, message: Uint8Array): void => {
    if (offerMessage(publication, message) === "sent") counts.forwarded++;
  };
  const pollers = [
    await openPollerAt(client, places.announce, (view, offset, length) => {
      const bytes = new Uint8Array(view.buffer, view.byteOffset + offset, length);
      if (isAnnounceOf(view, offset, length, streamId)) pass(out.control, bytes);
    }),
    ...(await forwarders(
      options,
      forward,
      places,
      streamId,
      () => {
        const epoch = consumer.consumer.stream?.epoch;
        return epoch === undefined ? undefined : { streamId, epoch };
      },
      out,
      pass,
    )),
  ];
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
    const epoch = consumer.consumer.stream?.epoch ?? 0n;
    for (const chunk of frameChunks({ streamId, epoch, seq, traceId, header, payload }, limits)) {
      if (offerMessage(out.payload, chunk) === "sent") continue;
      counts.backPressured++;
      return;
    }
    counts.frames++;
  };
  const timer = setInterval(() => {
    for (const poller of pollers) poller.poll();
    consumer.poll(send);
  }, TURN_MS);
  return {
    counters: () => ({ ...counts }),
    close: () => {
      clearInterval(timer);
      closeAll(pollers);
      consumer.close();
      closeAll(Object.values(out));
    },
  };
}

/** Takes what comes over a bridge and publishes it as a stream of this host. @throws NativeIoError, AeronError */
export async function startBridgeReceiver(options: BridgeReceiverOptions): Promise<BridgeEnd> {
  const { client, sourceStreamId, target } = options;
  const forward = { ...DEFAULT_FORWARDING, ...options.forward };
  const channel = target.channel ?? DEFAULT_CHANNEL;
  const places = placesOn(channel, options.places);
  const local = await startDirectStream({ ...announcedAt(places), ...target, client });
  const { stream, descriptors, fence } = local;
  const relay = new RelayProducer({ stream, descriptors, fence });
  const receiver = new BridgeReceiver(sourceStreamId, relay, options.limits);
  const here = { streamId: target.streamId, epoch: stream.epoch };
  const told = { ...here, streamId: options.metadataStreamOf ?? target.streamId };
  const open = (wanted: boolean, place: MessagePlace): Promise<Publication> | undefined =>
    wanted ? client.addPublication(place.channel, place.streamId) : undefined;
  const publications = {
    control: await open(forward.progress || forward.traceLinks, places.control),
    qos: await open(forward.qos, places.qos),
    metadata: await open(forward.metadata, places.metadata),
  };
  const counts = { forwarded: 0 };
  const republish = (
    publication: Publication | undefined,
    kinds: ForwardingOptions,
    view: DataView,
    offset: number,
    length: number,
  ): void => {
    if (publication === undefined) return;
    const speaksOf = kinds.metadata || kinds.traceLinks ? told : here;
    const message = forwardedMessage(view, offset, length, sourceStreamId, speaksOf, kinds);
    if (message !== undefined && offerMessage(publication, message) === "sent") counts.forwarded++;
  };
  const only = (...names: (keyof ForwardingOptions)[]): ForwardingOptions => ({
    metadata: names.includes("metadata") && forward.metadata,
    traceLinks: names.includes("traceLinks") && forward.traceLinks,
    qos: names.includes("qos") && forward.qos,
    progress: names.includes("progress") && forward.progress,
  });
  const { control, metadata, payload } = meetingPoints(options);
  const pollers = [
    await openPollerAt(client, control, (view, offset, length) => {
      const layout = announceOf(view, offset, length, sourceStreamId);
      if (layout !== undefined) receiver.announced(layout);
      republish(publications.qos, only("qos"), view, offset, length);
      republish(publications.control, only("progress"), view, offset, length);
    }),
    await openPollerAt(client, metadata, (view, offset, length) => {
      republish(publications.metadata, only("metadata"), view, offset, length);
      republish(publications.control, only("traceLinks"), view, offset, length);
    }),
    await openPollerAt(client, payload, (view, offset, length) => {
      receiver.receive(monotonicNs(), view, offset, length);
    }),
  ];
  const timer = setInterval(() => {
    for (const poller of pollers) poller.poll();
    receiver.tick(monotonicNs());
  }, TURN_MS);
  return {
    counters: () => ({
      published: 0,
      ...receiver.counters,
      timedOut: receiver.timedOut,
      ...counts,
    }),
    close: () => {
      clearInterval(timer);
      closeAll(pollers);
      closeAll(Object.values(publications).filter((each) => each !== undefined));
      relay.revoke();
      local.close();
    },
  };
}

function meetingPoints(
  options: BridgeChannels,
): Record<"payload" | "control" | "metadata", MessagePlace> {
  const { payloadChannel } = options;
  return {
    payload: { channel: payloadChannel, streamId: options.payloadStreamId ?? 3_000 },
    control: {
      channel: options.controlChannel ?? payloadChannel,
      streamId: options.controlStreamId ?? 3_001,
    },
    metadata: {
      channel: options.metadataChannel ?? payloadChannel,
      streamId: options.metadataStreamId ?? 3_002,
    },
  };
}

async function openPublications(
  options: BridgeChannels,
): Promise<Record<"payload" | "control" | "metadata", Publication>> {
  const { client } = options;
  const { payload, control, metadata } = meetingPoints(options);
  return {
    payload: await client.addPublication(payload.channel, payload.streamId),
    control: await client.addPublication(control.channel, control.streamId),
    metadata: await client.addPublication(metadata.channel, metadata.streamId),
  };
}

// What the source says besides frames goes to where the far end looks for it, as it was said.
async function forwarders(
  { client }: BridgeChannels,
  forward: ForwardingOptions,
  places: MessagePlaces,
  streamId: number,
  here: () => ForwardTarget | undefined,
  out: Readonly<Record<"control" | "metadata", Publication>>,
  pass: (publication: Publication, message: Uint8Array) => void,
): Promise<MessagePoller[]> {
  const none = { metadata: false, traceLinks: false, qos: false, progress: false };
  const open = (
    from: MessagePlace,
    routes: readonly (readonly [Publication, ForwardingOptions])[],
  ): Promise<MessagePoller> =>
    openPollerAt(client, from, (view, offset, length) => {
      const target = here();
      if (target === undefined) return;
      for (const [publication, kinds] of routes) {
        const message = forwardedMessage(view, offset, length, streamId, target, kinds);
        if (message !== undefined) pass(publication, message);
      }
    });
  const pollers: Promise<MessagePoller>[] = [];
  if (forward.metadata) {
    pollers.push(open(places.metadata, [[out.metadata, { ...none, metadata: true }]]));
  }
  if (forward.qos) pollers.push(open(places.qos, [[out.control, { ...none, qos: true }]]));
  if (forward.traceLinks || forward.progress) {
    pollers.push(
      open(places.control, [
        [out.metadata, { ...none, traceLinks: forward.traceLinks }],
        [out.control, { ...none, progress: forward.progress }],
      ]),
    );
  }
  return await Promise.all(pollers);
}

function announceOf(
  view: DataView,
  offset: number,
  length: number,
  streamId: number,
): Exclude<ReturnType<typeof decodeAnnounce>, string> | undefined {
  try {
    const layout = decodeAnnounce(view, offset, length);
    return typeof layout === "string" || layout.streamId !== streamId ? undefined : layout;
  } catch {
    // Another kind of message, or none: it says nothing of the source.
    return undefined;
  }
}

function isAnnounceOf(view: DataView, offset: number, length: number, streamId: number): boolean {
  return announceOf(view, offset, length, streamId) !== undefined;
}

function closeAll(all: readonly { close(): void }[]): void {
  for (const each of all) each.close();
}
