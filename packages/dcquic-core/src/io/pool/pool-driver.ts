import type { BufferRegistry } from "../../buffer/buffer-registry.js";
import type { Engine } from "../../engine/engine.js";
import type { RmaOffer } from "../../negotiate/transport-choice.js";
import type { EnginePort, PortParts } from "../../stream/engine-port.js";
import type { EngineHostOptions } from "../engine-host.js";
import type { UdpAddress } from "../peer-addresses.js";

/** What a pool asks of an engine besides what its port takes. */
export type PathCommands = Pick<
  Engine,
  "addPath" | "removePath" | "failPath" | "peerState" | "addAddress" | "nextAddress"
>;

/** A driver as a pool needs it: an engine, here or on another thread, and sockets. */
export interface PoolDriver {
  /** The paths of the engine. */
  readonly engine: PathCommands;
  /** Makes the port of the engine. */
  port(parts: PortParts): EnginePort;
  /** The buffers of own transfers. */
  readonly buffers: BufferRegistry;
  /** The engine's time; µs. */
  readonly nowUs: number;
  /** How own memory can be read by peers; nothing if absent. */
  readonly rmaOffers?: readonly RmaOffer[];
  /** Where it receives. */
  readonly address: UdpAddress;
  /** The engine's number for a peer's address. */
  addressOf(host: string, port: number): number;
  /** Lets the engine run soon. */
  pump(): void;
  /** Stops at once. */
  close(): Promise<void>;
}

/** Binds a driver; `UdpDriver.bind` and `NativeDriver.bind` are such functions. */
export type BindDriver = (
  options: EngineHostOptions & { readonly host: string; readonly port: number },
) => Promise<PoolDriver>;
