import type { ByteStream, MessagePipe, WireError } from "@proj/wire-types";
import type { Connection } from "./connection.js";
import type { ConnectionOptions } from "./connection-options.js";

/** How a client comes back after a connection was lost. */
export interface ReconnectOptions {
  /** Longest wait before the first attempt, in ms; doubles with each. Default 100. */
  readonly baseMs?: number;
  /** Longest wait of all, in ms. Default 30 000. */
  readonly capMs?: number;
  /** Attempts in a row before the client gives up. Default: no end. */
  readonly maxAttempts?: number;
}

/** When a connection over TLS is replaced by a new one, as its keys should not be used longer. spec/xcp.md §12 */
export interface RotationOptions {
  /** Default 24 h. */
  readonly maxAgeMs?: number;
  /** Bytes in one direction. Default 2 000 000 000. */
  readonly maxBytes?: number;
}

/** What a client is doing. */
export type ClientState =
  | { readonly kind: "idle" }
  | { readonly kind: "connecting"; readonly attempt: number }
  | { readonly kind: "connected"; readonly connection: Connection }
  | { readonly kind: "waiting"; readonly delayMs: number; readonly error: WireError }
  | { readonly kind: "closed"; readonly error: WireError | undefined };

/** How a client connects and behaves. */
export interface ClientOptions extends ConnectionOptions {
  /** Makes a transport to the one endpoint of this client. */
  readonly dial: () => Promise<ByteStream | MessagePipe>;
  /** `never` closes the client with its connection. Default: come back without end, once connected. */
  readonly reconnect?: "never" | ReconnectOptions;
  /** `never` lets a TLS connection live for ever. */
  readonly rotation?: "never" | RotationOptions;
  /** Follows the client. Must not throw. */
  readonly onState?: (state: ClientState) => void;
}
