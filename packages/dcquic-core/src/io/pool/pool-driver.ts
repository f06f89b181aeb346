import type { BufferRegistry } from "../../buffer/buffer-registry.js";
import type { CryptoBackend } from "../../crypto/backend.js";
import type { Engine } from "../../engine/engine.js";
import type { PathId } from "../../engine/events.js";
import type { RmaOffer } from "../../negotiate/transport-choice.js";
import type { EnginePort, PortParts } from "../../stream/engine-port.js";
import type { Measured } from "../../metrics/engine-metrics.js";
import type { EngineHostOptions } from "../engine-host.js";
import type { HandedPacket, OutgoingPacket, UdpAddress } from "../peer-addresses.js";
import type { ThreadSettings } from "../thread/thread-settings.js";

/** What a pool asks of an engine besides what its port takes. */
export type PathCommands = Pick<
  Engine,
  | "addPath"
  | "removePath"
  | "failPath"
  | "peerState"
  | "addAddress"
  | "doubt"
  | "nextAddress"
  | "addForeignPath"
  | "removeForeignPath"
  | "watch"
> & {
  /** Takes own transfers of a path to a later one of the same peer; see `Engine.moveTransfers`. */
  moveTransfers(nowUs: number, from: PathId, to: PathId): void;
};

/** Whose sockets carry what an engine sends. */
export type Sender = "itself" | "others";

/** A driver as a pool needs it: an engine, here or on another thread, and sockets. */
export interface PoolDriver {
  /** The paths of the engine. */
  readonly engine: PathCommands;
  /** Makes the port of the engine. */
  port(parts: PortParts): EnginePort;
  /** The buffers of own transfers. */
  readonly buffers: BufferRegistry;
  /** What encrypts best where the application runs; OpenSSL's by Node if absent. */
  readonly crypto?: CryptoBackend;
  /** The engine's time; µs. */
  readonly nowUs: number;
  /** Bytes of own transfers that are not over, and of pulls that are not answered: what a router weighs. */
  readonly queuedBytes: number;
  /** How own memory can be read by peers; nothing if absent. */
  readonly rmaOffers?: readonly RmaOffer[];
  /** What was asked for and is not so: one line each; nothing if absent. */
  readonly notes?: readonly string[];
  /** Where it receives. */
  readonly address: UdpAddress;
  /** The engine's number for a peer's address. */
  addressOf(host: string, port: number): number;
  /** Tells the numbers of its engine; `undefined` if it cannot any more. */
  measure(): Promise<Measured | undefined>;
  /** Takes a datagram that arrived at another worker. */
  takeForeign(packet: HandedPacket): void;
  /**
   * Sends by its own sockets, or gives what the engine sends to `onOutgoing` because the NIC behind them is gone. Where it is
   * absent the paths of a driver are lost with its NIC. §18
   */
  sendBy?(whom: Sender): void;
  /** Sends a datagram of a worker whose NIC is gone; absent like {@link PoolDriver.sendBy}. */
  sendFor?(packet: OutgoingPacket): void;
  /** Lets the engine run soon. */
  pump(): void;
  /** Waits for its engine no more: what that did not answer fails now. Absent where engines answer at once. */
  abandon?(): void;
  /** Stops at once. */
  close(): Promise<void>;
}

/** What a pool asks of whoever binds the driver of one of its workers; a driver takes what it can do. */
export interface BindOptions extends EngineHostOptions, ThreadSettings {
  /** IP address to bind. */
  readonly host: string;
  /** Port to bind; 0 lets the system choose. */
  readonly port: number;
}

/** Binds a driver; `UdpDriver.bind`, `bindNative` and `bindThread` are such functions. */
export type BindDriver = (options: BindOptions) => Promise<PoolDriver>;
