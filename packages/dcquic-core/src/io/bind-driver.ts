import { backend } from "@proj/native-io";
import { asWireError } from "@proj/wire-types";
import { DEFAULT_CONFIG } from "../engine/config.js";
import { NativeDriver } from "./native/native-driver.js";
import { PortSpreader } from "./native/port-spreader.js";
import type { UdpAddress } from "./peer-addresses.js";
import type { BindOptions, PoolDriver } from "./pool/pool-driver.js";
import { EngineThread } from "./thread/engine-thread.js";
import { UdpDriver } from "./udp-driver.js";

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
  const driver = await NativeDriver.bind({ ...options, ports: portsOf(options) });
  return driver.watch();
}

/**
 * Binds a native driver that asks its sockets in each turn of this thread's event loop, which never sleeps then: what arrives
 * waits for nobody to be woken. It takes a processor, also while nothing happens.
 *
 * @throws NativeIoError `native_io.system`, `native_io.unsupported`
 * @see spec/dcquic.md §19, §22
 */
export async function bindSpinning(options: BindOptions): Promise<NativeDriver> {
  const driver = await NativeDriver.bind({ ...options, ports: portsOf(options) });
  return driver.spin();
}

/**
 * Starts a thread with an engine and native sockets of its own.
 *
 * @throws WireError `wire.connection_failed`
 */
export function bindThread(options: BindOptions): Promise<EngineThread> {
  return EngineThread.start({ ...options, ports: portsOf(options) });
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

// Networks that limit single flows are used in full by so many ports at once.
function portsOf({ host, port, config, sockets }: BindOptions): readonly UdpAddress[] {
  const { nicBytesPerSecond = DEFAULT_CONFIG.nicBytesPerSecond } = config ?? {};
  const flow = sockets?.flowBytesPerSecond;
  const count = flow === undefined ? 1 : PortSpreader.portsFor(nicBytesPerSecond, flow);
  return Array.from({ length: count }, (_, i) => ({ host, port: i === 0 ? port : 0 }));
}
