import type { Client } from "@proj/aeron";
import type { Backend } from "@proj/native-io";
import type { BridgeLimits } from "../bridge/bridge-limits.js";
import type { ForwardingOptions } from "../bridge/forwarded-message.js";
import type { PoolConfig } from "../config/pool-config.js";
import type { BridgeMapping, BridgeSection, RateLimiterSection } from "../config/relay-config.js";
import type { CounterTree } from "../counters/counter-mirror.js";
import { startBridgeReceiver } from "./bridge-receiving-end.js";
import { startBridgeSender } from "./bridge-sending-end.js";
import type { DirectStreamOptions } from "./direct-stream.js";
import type { MessagePlaces } from "./message-places.js";
import { startRateLimiter } from "./rate-limiter-service.js";

const MS_TO_NS = 1_000_000n;

/** The bridges and rate limiters of a driver's program. spec/tensor-pool.md §19 */
export interface Relays {
  /** What each has counted, by its instance, what it does and the stream: `{ "b1": { "sender 10000": … } }`. */
  counters(): CounterTree;
  /** Ends them all. Harmless the second time. */
  close(): void;
}

/** What relays are started with. */
export interface RelaysOptions {
  /** The client that carries everything. */
  readonly client: Client;
  /** What it says of them. */
  readonly config: PoolConfig;
  /** What lends the memory. */
  readonly backend: Backend;
}

interface Relay {
  readonly instance: string;
  readonly name: string;
  readonly counters: () => CounterTree;
  readonly close: () => void;
}

/** Starts what `[bridge]` and `[rate_limiter]` ask for; on failure nothing of it goes on. @throws NativeIoError, AeronError */
export async function startRelays(options: RelaysOptions): Promise<Relays> {
  const { bridge, rate_limiter: limiter } = options.config;
  const relays: Relay[] = [];
  const close = (): void => {
    for (const relay of relays.splice(0).toReversed()) relay.close();
  };
  try {
    if (bridge !== undefined) await startBridge(options, bridge, relays);
    if (limiter !== undefined) await startLimiter(options, limiter, relays);
  } catch (error) {
    close();
    throw error;
  }
  return {
    close,
    counters: () => {
      const tree: Record<string, Record<string, CounterTree>> = {};
      for (const { instance, name, counters } of relays) {
        (tree[instance] ??= {})[name] = counters();
      }
      return tree;
    },
  };
}

// The receiver first: what its sender sends is heard from the first frame on.
async function startBridge(
  { client, config, backend }: RelaysOptions,
  bridge: BridgeSection,
  relays: Relay[],
): Promise<void> {
  const channels = { client, ...channelsOf(bridge) };
  const channel = config.driver.control_channel;
  for (const mapping of bridge.mappings) {
    const { source_stream_id: source, dest_stream_id: dest } = mapping;
    const note = (kind: string, end: Omit<Relay, "instance" | "name">): void => {
      relays.push({ instance: bridge.instance_id, name: kind, ...end });
    };
    if (bridge.role !== "sender") {
      const end = await startBridgeReceiver({
        ...channels,
        sourceStreamId: source,
        places: placesAt(config, { control: mapping.dest_control_stream_id }),
        metadataStreamOf: mapping.metadata_stream_id,
        target: { ...targetOf(config, mapping, config.shm.base_dir), channel, backend },
      });
      note(`receiver ${dest}`, end);
    }
    if (bridge.role !== "receiver") {
      const end = await startBridgeSender({
        ...channels,
        streamId: source,
        channel,
        places: placesAt(config, {
          control: mapping.source_control_stream_id,
          metadata: bridge.source_metadata_stream_id,
        }),
        allowedDirs: allowedDirs(config),
        backend,
      });
      note(`sender ${source}`, end);
    }
  }
}

async function startLimiter(
  { client, config, backend }: RelaysOptions,
  limiter: RateLimiterSection,
  relays: Relay[],
): Promise<void> {
  const { announce, metadata } = placesAt(config, {});
  const { control_channel: control, qos_channel: qos } = limiter;
  for (const mapping of limiter.mappings) {
    const { counters, close } = await startRateLimiter({
      client,
      sourceStreamId: mapping.source_stream_id,
      channel: limiter.descriptor_channel,
      descriptorStreamId: limiter.descriptor_stream_id,
      places: {
        announce,
        metadata,
        control: { channel: control, streamId: limiter.source_control_stream_id },
        qos: { channel: qos, streamId: limiter.source_qos_stream_id },
      },
      targetPlaces: {
        control: { channel: control, streamId: limiter.dest_control_stream_id },
        qos: { channel: qos, streamId: limiter.dest_qos_stream_id },
      },
      metadataStreamOf: mapping.metadata_stream_id,
      allowedDirs: allowedDirs(config),
      backend,
      target: targetOf(config, mapping, limiter.shm_base_dir),
      maxRateHz: mapping.max_rate_hz,
      forward: {
        metadata: limiter.forward_metadata,
        progress: limiter.forward_progress,
        qos: limiter.forward_qos,
      },
    });
    const name = `limiter ${mapping.dest_stream_id}`;
    relays.push({ instance: limiter.instance_id, name, counters: () => ({ ...counters }), close });
  }
}

// The channel of frames serves for metadata too where none is named: nothing is forwarded then.
function channelsOf(bridge: BridgeSection): {
  readonly payloadChannel: string;
  readonly payloadStreamId: number;
  readonly controlChannel: string;
  readonly controlStreamId: number;
  readonly metadataChannel?: string;
  readonly metadataStreamId?: number;
  readonly limits: Partial<BridgeLimits>;
  readonly forward: ForwardingOptions;
} {
  return {
    payloadChannel: bridge.payload_channel,
    payloadStreamId: bridge.payload_stream_id,
    controlChannel: bridge.control_channel,
    controlStreamId: bridge.control_stream_id,
    ...(bridge.metadata_channel === "" ? {} : { metadataChannel: bridge.metadata_channel }),
    ...(bridge.metadata_stream_id === 0 ? {} : { metadataStreamId: bridge.metadata_stream_id }),
    limits: {
      mtuBytes: bridge.mtu_bytes,
      chunkBytes: bridge.chunk_bytes,
      maxChunkBytes: bridge.max_chunk_bytes,
      maxPayloadBytes: bridge.max_payload_bytes,
      integrityCrc32c: bridge.integrity_crc32c,
      assemblyTimeoutNs: BigInt(bridge.assembly_timeout_ms) * MS_TO_NS,
    },
    forward: {
      metadata: bridge.forward_metadata,
      traceLinks: bridge.forward_tracelink,
      qos: bridge.forward_qos,
      progress: bridge.forward_progress,
    },
  };
}

// Where the driver's streams are told of; a stream of 0 means the driver's own.
function placesAt(
  { driver, supervisor }: PoolConfig,
  streams: { readonly control?: number; readonly metadata?: number },
): MessagePlaces {
  return {
    announce: { channel: driver.announce_channel, streamId: driver.announce_stream_id },
    control: {
      channel: driver.control_channel,
      streamId: streams.control || driver.control_stream_id,
    },
    qos: { channel: driver.qos_channel, streamId: driver.qos_stream_id },
    metadata: {
      channel: supervisor.metadata_channel,
      streamId: streams.metadata || supervisor.metadata_stream_id,
    },
  };
}

function targetOf(
  { profiles, shm, policies }: PoolConfig,
  { dest_stream_id: streamId, profile }: Pick<BridgeMapping, "dest_stream_id" | "profile">,
  baseDir: string,
): Omit<DirectStreamOptions, "client" | "channel"> {
  const looks = profiles[profile];
  if (looks === undefined) throw new RangeError(`no profile is called ${profile}`);
  return {
    streamId,
    nslots: looks.header_nslots,
    pools: looks.payload_pools.map(({ pool_id: poolId, stride_bytes: strideBytes }) => ({
      poolId,
      strideBytes,
    })),
    baseDir,
    namespace: shm.namespace,
    reserve: policies.prefault_shm,
    lock: policies.mlock_shm,
    fileMode: Number.parseInt(shm.permissions_mode, 8),
    ...(shm.require_hugepages ? { hugepageBytes: shm.page_size_bytes } : {}),
  };
}

// A limiter may read what another one writes.
function allowedDirs({ shm, rate_limiter: limiter }: PoolConfig): readonly string[] {
  const written = limiter === undefined ? [] : [limiter.shm_base_dir];
  return [...new Set([...shm.allowed_base_dirs, shm.base_dir, ...written])];
}
