import { XcpClient } from "../client.js";
import type { ClientOptions } from "../client-options.js";
import type { Platform } from "../platform.js";
import { createWebPlatform } from "./web-platform.js";
import { connectWebSocket, type ConnectWebSocketOptions } from "./websocket.js";

/** Options of {@link connectXcpWeb}: those of the client and of its WebSocket. */
export interface ConnectXcpWebOptions
  extends
    Omit<ClientOptions, "dial" | "platform" | "allowInsecure">,
    Omit<ConnectWebSocketOptions, "timeoutMs"> {
  /** Milliseconds until one attempt to connect fails. Default 10 000. */
  readonly connectTimeoutMs?: number;
  /** Default: a new `createWebPlatform()`. */
  readonly platform?: Platform;
}

/**
 * Connects a client in a browser or worker to a `ws://` or `wss://` URL; resolves once the handshake is done.
 *
 * @throws XcpError, WireError as {@link connectWebSocket}, and those of the handshake
 * @see spec/xcp.md §6, §20
 */
export async function connectXcpWeb(
  url: string,
  options: ConnectXcpWebOptions = {},
): Promise<XcpClient> {
  const { connectTimeoutMs } = options;
  const transport: ConnectWebSocketOptions = {
    ...options,
    ...(connectTimeoutMs === undefined ? {} : { timeoutMs: connectTimeoutMs }),
  };
  const client = new XcpClient({
    ...options,
    platform: options.platform ?? (await createWebPlatform()),
    dial: () => connectWebSocket(url, transport),
  });
  await client.connect();
  return client;
}
