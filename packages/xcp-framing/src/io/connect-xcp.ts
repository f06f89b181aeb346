import { XcpClient } from "../client.js";
import type { ClientOptions } from "../client-options.js";
import type { Platform } from "../platform.js";
import { type DialOptions, dialXcp } from "./dial-xcp.js";
import { nodePlatform } from "./node-platform.js";

/** Options of {@link connectXcp}: those of the client and of its transport. */
export interface ConnectXcpOptions
  extends
    Omit<ClientOptions, "dial" | "platform" | "allowInsecure" | "limits">,
    Omit<DialOptions, "timeoutMs"> {
  /** Milliseconds until one attempt to connect fails. Default 10 000. */
  readonly connectTimeoutMs?: number;
  /** Default `nodePlatform`. */
  readonly platform?: Platform;
}

/**
 * Connects a client to `url` (schemes: {@link dialXcp}) and resolves once the handshake is done.
 *
 * Close it with `XcpClient.close`; until then it comes back after every lost connection. `signal` ends attempts to
 * connect, now and later; it does not close the client.
 *
 * @throws XcpError, WireError as {@link dialXcp}, and those of the handshake
 * @see spec/xcp.md §6, §20
 */
export async function connectXcp(url: string, options: ConnectXcpOptions = {}): Promise<XcpClient> {
  const { connectTimeoutMs } = options;
  const transport: DialOptions = {
    ...options,
    ...(connectTimeoutMs === undefined ? {} : { timeoutMs: connectTimeoutMs }),
  };
  const client = new XcpClient({
    platform: nodePlatform,
    ...options,
    dial: () => dialXcp(url, transport),
  });
  await client.connect();
  return client;
}
