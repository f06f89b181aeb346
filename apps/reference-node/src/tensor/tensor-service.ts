import { backend } from "@proj/native-io";
import type { DriverEvent, PoolConfig } from "@proj/tensor-pool";
import {
  type DiscoveryService,
  type RunningPoolDriver,
  startDiscovery,
  startPoolDriver,
} from "@proj/tensor-pool/node";
import { connectMedia, type MediaConnection } from "./media-driver.js";
import { PoolInbox } from "./pool-inbox.js";
import { NoSharedMemory } from "./no-shared-memory.js";

/** How the services of tensor pools are started. */
export interface TensorServiceOptions {
  /** What the driver is to do. */
  readonly config: PoolConfig;
  /** Where the media driver is; wins over the configuration. */
  readonly aeronDir?: string | undefined;
  /** Hears of everything that happens to leases and epochs. */
  readonly onEvent?: (event: DriverEvent) => void;
}

/** The driver of tensor pools and discovery, in this process. */
export interface TensorService {
  /** The connection that carries their messages. */
  readonly media: MediaConnection;
  /** The driver. */
  readonly driver: RunningPoolDriver;
  /** Discovery, where the configuration has it. */
  readonly discovery: DiscoveryService | undefined;
  /** Makes what reads attachments that lie in the pools. */
  inbox(): PoolInbox;
  /** Settles when they have ended by themselves, with the reason. */
  readonly lost: Promise<Error>;
  /** Tells clients, waits as long as the configuration says, and ends. */
  close(): Promise<void>;
}

/**
 * Starts the driver of tensor pools, discovery, and a media driver where none lives.
 *
 * @throws NoSharedMemory on the portable backend; AeronError; TensorPoolError `tensor_pool.driver_active`
 */
export async function startTensorService(options: TensorServiceOptions): Promise<TensorService> {
  if (backend.kind !== "native") throw new NoSharedMemory(backend.reason);
  const { config, onEvent } = options;
  const media = await connectMedia(options.aeronDir ?? config.driver.aeron_dir);
  try {
    const { client } = media;
    const driver = await startPoolDriver({
      client,
      config,
      ...(onEvent === undefined ? {} : { onEvent }),
    });
    const discovery =
      config.discovery === undefined
        ? undefined
        : await startDiscovery({ client, config: config.discovery });
    const lost = Promise.race([media.lost, driver.ended.then(() => new Error("it was stopped"))]);
    return {
      media,
      driver,
      discovery,
      inbox: () => inboxOf(options, media, driver),
      lost,
      async close() {
        discovery?.close();
        await driver.stop();
        await media.end();
      },
    };
  } catch (error) {
    await media.end();
    throw error;
  }
}

function inboxOf(
  { config }: TensorServiceOptions,
  { client }: MediaConnection,
  { driver }: RunningPoolDriver,
): PoolInbox {
  const { driver: section, shm } = config;
  return new PoolInbox({
    client,
    controlChannel: section.control_channel,
    controlStreamId: section.control_stream_id,
    announceChannel: section.announce_channel,
    announceStreamId: section.announce_stream_id,
    allowedDirs: shm.allowed_base_dirs,
    isKnown: (streamId) => driver.streams().some((stream) => stream.streamId === streamId),
  });
}
