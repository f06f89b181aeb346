import { randomFillSync } from "node:crypto";
import { rmdirSync } from "node:fs";
import { userInfo } from "node:os";
import { dirname } from "node:path";
import type { Client, Publication } from "@proj/aeron";
import { type Backend, backend as machine } from "@proj/native-io";
import type { PoolConfig } from "../config/pool-config.js";
import type { Supervisor } from "../supervisor/supervisor.js";
import type { DriverEvent } from "../driver/driver-report.js";
import { driverSettings } from "../driver/driver-settings.js";
import { PoolDriver } from "../driver/pool-driver.js";
import { logDriverEvent } from "../log/driver-log.js";
import type { Logger } from "../log/logger.js";
import type { ShutdownReason } from "../messages/generated/driver.js";
import { TensorPoolError } from "../errors.js";
import { DiskRegions } from "./disk-regions.js";
import {
  type MessageHandler,
  type MessagePoller,
  offerMessage,
  openPoller,
} from "./message-poller.js";
import { monotonicNs } from "./monotonic-clock.js";
import { lockNamespace } from "./namespace-lock.js";
import { openAll, type Opened } from "./opened.js";
import { namespaceFolder } from "./region-files.js";
import { type Relays, startRelays } from "./relays.js";
import { startSupervisor } from "./supervisor-service.js";

const TURN_MS = 5;

/** How a driver is started. */
export interface PoolDriverOptions {
  /** The client that carries its messages. */
  readonly client: Client;
  /** What it is to do. */
  readonly config: PoolConfig;
  /** Says what happens. */
  readonly logger?: Logger;
  /** Called for everything that happens. */
  readonly onEvent?: (event: DriverEvent) => void;
  /** What lends the memory; by default what this machine has. */
  readonly backend?: Backend;
}

/** A driver that turns by itself. */
export interface RunningPoolDriver {
  /** The driver: its streams, leases and counters. */
  readonly driver: PoolDriver;
  /** What answers the consumers of its streams. */
  readonly supervisor: Supervisor;
  /** The bridges and limiters that the configuration asks for. */
  readonly relays: Relays;
  /** Takes no more attaches, waits for `shutdown_timeout_ms`, tells everybody, and ends. */
  stop(reason?: ShutdownReason): Promise<void>;
  /** Ends at once, without telling anybody: leases run out. Harmless the second time. */
  close(): void;
  /** Settles when it has ended, for whatever reason. */
  readonly ended: Promise<void>;
}

/**
 * Starts the driver of a namespace on this event loop; on failure nothing stays open.
 *
 * @throws TensorPoolError `tensor_pool.driver_active`, `tensor_pool.config_invalid` where `mlock_shm` cannot be met; NativeIoError for a folder that cannot be used;
 *   AeronError.
 */
export function startPoolDriver(options: PoolDriverOptions): Promise<RunningPoolDriver> {
  return openAll((opened) => startDriver(options, opened));
}

async function startDriver(options: PoolDriverOptions, opened: Opened): Promise<RunningPoolDriver> {
  const { client, config, backend = machine } = options;
  const { driver: section, shm, policies } = config;
  if (policies.mlock_shm) checkLocking(backend);
  const place = { baseDir: shm.base_dir, user: userInfo().username, namespace: shm.namespace };
  const fileMode = Number.parseInt(shm.permissions_mode, 8);
  const folders = opened.keep(backend.shm.allow(shm.allowed_base_dirs));
  opened.keep({ close: lock(backend, namespaceFolder(place), fileMode) });
  const regions = new DiskRegions({
    ...place,
    backend,
    folders,
    fileMode,
    reserve: policies.prefault_shm,
    lock: policies.mlock_shm,
    reuse: policies.reuse_existing_shm,
    hugepageBytes: shm.require_hugepages ? shm.page_size_bytes : undefined,
  });
  const driver = new PoolDriver({
    settings: driverSettings(config),
    regions,
    random: { fill: (into) => randomFillSync(into) },
    nowNs: monotonicNs(),
  });
  const publish = (channel: string, streamId: number): Promise<Publication> =>
    opened.opening(client.addPublication(channel, streamId));
  const publications = {
    control: await publish(section.control_channel, section.control_stream_id),
    announce: await publish(section.announce_channel, section.announce_stream_id),
  };
  const supervising = startSupervisor({
    client,
    config: config.supervisor,
    isOwn: (streamId) => driver.hasStream(streamId),
    ...(options.logger === undefined ? {} : { logger: options.logger }),
  });
  const { supervisor } = await opened.opening(supervising);
  const relays = await opened.opening(startRelays({ client, config, backend }));
  const receive: MessageHandler = (view, offset, length) => {
    driver.receive(monotonicNs(), view, offset, length);
  };
  const { control_channel: channel, control_stream_id: streamId } = section;
  const control = await opened.opening(openPoller(client, channel, streamId, receive));
  opened.keep({
    close: () => {
      driver.halt(monotonicNs());
    },
  });
  const onEvent = (event: DriverEvent): void => {
    if (options.logger !== undefined) logDriverEvent(options.logger, event);
    options.onEvent?.(event);
  };
  return run({ client, driver, supervisor, relays, control, publications, opened, onEvent });
}

// What every epoch would fail for is told at once.
function checkLocking(backend: Backend): void {
  const locking = backend.shm.capabilities().find(({ name }) => name === "shm.lock");
  if (locking?.available === true) return;
  const message = `mlock_shm: ${locking?.reason ?? "this backend does not lock memory"}`;
  throw new TensorPoolError("tensor_pool.config_invalid", message);
}

interface Parts {
  readonly client: Client;
  readonly driver: PoolDriver;
  readonly supervisor: Supervisor;
  readonly relays: Relays;
  readonly control: MessagePoller;
  readonly publications: Readonly<Record<"control" | "announce", Publication>>;
  readonly opened: Opened;
  readonly onEvent: (event: DriverEvent) => void;
}

function run(parts: Parts): RunningPoolDriver {
  const { client, driver, control, publications, onEvent } = parts;
  let timer: NodeJS.Timeout | undefined;
  let end = (): void => undefined;
  let over = false;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const close = (): void => {
    if (over) return;
    over = true;
    clearTimeout(timer);
    parts.opened.close();
    end();
  };
  const flush = (): void => {
    for (let next = driver.nextMessage(); next !== undefined; next = driver.nextMessage()) {
      if (offerMessage(publications[next.stream], next.bytes) === "full") return;
      driver.sent();
    }
  };
  const turn = (): void => {
    if (over) return;
    control.poll();
    driver.tick(monotonicNs());
    flush();
    for (let event = driver.nextEvent(); event !== undefined; event = driver.nextEvent()) {
      onEvent(event);
    }
    // Without its transport nobody can reach it, and what it holds would keep another driver away.
    if (driver.state === "stopped" || client.isClosed) close();
    else timer = setTimeout(turn, TURN_MS);
  };
  turn();
  return {
    driver,
    supervisor: parts.supervisor,
    relays: parts.relays,
    ended,
    close,
    stop(reason) {
      driver.shutdown(monotonicNs(), reason);
      return ended;
    },
  };
}

// Memory that is this process's own needs no lock, and has no folder for one.
function lock(backend: Backend, folder: string, fileMode: number): () => void {
  if (backend.kind !== "native") return () => undefined;
  const unlock = lockNamespace(folder, (fileMode & 0o070) === 0 ? 0o700 : 0o770);
  return () => {
    unlock();
    for (const path of [folder, dirname(folder)]) {
      try {
        rmdirSync(path);
      } catch {
        return;
      }
    }
  };
}
