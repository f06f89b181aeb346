import { backend } from "@proj/native-io";
import { asWireError } from "@proj/wire-types";
import type { EngineHostOptions } from "./engine-host.js";
import { NativeDriver } from "./native/native-driver.js";
import type { PoolDriver } from "./pool/pool-driver.js";
import { EngineThread, type EngineThreadOptions } from "./thread/engine-thread.js";
import { UdpDriver } from "./udp-driver.js";

/** Where {@link bindNative} and {@link bindBest} listen, and what their engines are told. */
export interface BindOptions extends EngineHostOptions {
  /** IP address to bind. */
  readonly host: string;
  /** Port to bind; 0 lets the system choose. */
  readonly port: number;
}

/** What became of the choice of a driver. */
export interface ChosenDriver {
  /** The driver, running on this thread's event loop. */
  readonly driver: PoolDriver;
  /** Which it is. */
  readonly kind: "native" | "dgram";
  /** Why, in one line. */
  readonly reason: string;
}

/**
 * Binds a native driver that runs on this thread's event loop.
 *
 * @throws NativeIoError `native_io.system`, `native_io.unsupported`
 */
export async function bindNative(options: BindOptions): Promise<NativeDriver> {
  const { host, port, ...rest } = options;
  const driver = await NativeDriver.bind({ ...rest, ports: [{ host, port }] });
  return driver.watch();
}

/**
 * Starts a thread with an engine and native sockets of its own.
 *
 * @throws WireError `wire.connection_failed`
 */
export function bindThread(
  options: Omit<EngineThreadOptions, "ports"> & { readonly host: string; readonly port: number },
): Promise<EngineThread> {
  const { host, port, ...rest } = options;
  return EngineThread.start({ ...rest, ports: [{ host, port }] });
}

/**
 * Binds the native driver where this machine lends it, and `node:dgram` everywhere else.
 *
 * @throws WireError `wire.connection_failed` where neither can be bound.
 * @see spec/dcquic.md §16.5
 */
export async function bindBest(options: BindOptions): Promise<ChosenDriver> {
  const dgram = async (reason: string): Promise<ChosenDriver> => ({
    driver: await UdpDriver.bind(options),
    kind: "dgram",
    reason,
  });
  if (backend.kind !== "native") return dgram(backend.reason);
  const batches = backend.udp.capabilities().find(({ name }) => name === "udp.wait");
  if (batches?.available === false) return dgram(batches.reason);
  try {
    return { driver: await bindNative(options), kind: "native", reason: backend.reason };
  } catch (error) {
    return dgram(asWireError(error).message);
  }
}
