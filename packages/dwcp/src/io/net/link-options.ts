import type { StreamBounds } from "../../rate/stream-hint.js";
import type { DialOptions } from "./dial-peer.js";

/** Where a peer is. */
export interface PeerAddress {
  /** A name or an address. */
  readonly host: string;
  /** Of TCP. */
  readonly port: number;
}

/** How a link keeps its streams. */
export interface LinkOptions extends StreamBounds, DialOptions {
  /** Whether their number is found by measuring. */
  readonly autoStreams: boolean;
  /** By what their number is multiplied when more are tried. */
  readonly streamScalingFactor: number;
  /** How long a peer may be away before the jobs for it fail. */
  readonly giveUpMs: number;
}
