import { CodecId } from "@proj/wire-types";
import type { ProfileChoice, XcpClient, XcpLimits } from "@proj/xcp-framing";
import { type ClientTls, connectXcp, nodePlatform } from "@proj/xcp-framing/node";
import { defaultCodecOrder } from "./config/schema.js";
import { nodeVersion } from "./node-facts.js";

/** How a verb connects to a node. */
export interface DialOptions {
  /** The key of CRYPT; with it every payload is encrypted, and a peer that cannot is refused. */
  readonly key: Uint8Array | undefined;
  /** The credential to present. */
  readonly auth: Uint8Array | undefined;
  /** Whom to trust and what to present over TLS. */
  readonly tls: { readonly [K in keyof ClientTls]: ClientTls[K] | undefined };
  /** How frames look on the wire. */
  readonly profile: ProfileChoice;
  /** Lets a transport without TLS leave this host. */
  readonly allowInsecure: boolean;
  /** Milliseconds until a request fails. */
  readonly timeoutMs: number;
  /** Limits that differ from the defaults. */
  readonly limits?: Partial<XcpLimits>;
}

/**
 * Connects to a node. Whoever gets the client closes it.
 *
 * @throws WireError `wire.invalid_uri`, `wire.connection_failed`, `wire.timeout`
 * @throws XcpError why the handshake failed
 */
export function dial(url: string, options: DialOptions): Promise<XcpClient> {
  const tls = Object.fromEntries(
    Object.entries(options.tls).filter(([, value]) => value !== undefined),
  );
  return connectXcp(url, {
    platform: nodePlatform,
    codecs: defaultCodecOrder.map((name) => CodecId[name]),
    agent: `reference-node/${nodeVersion()}`,
    profile: options.profile,
    reconnect: "never",
    requestTimeoutMs: options.timeoutMs,
    allowInsecure: options.allowInsecure,
    features: { tensorExtension: true, dlpack: true },
    tls,
    ...(options.limits === undefined ? {} : { limits: options.limits }),
    ...(options.key === undefined ? {} : { key: options.key, cryptPolicy: "required" }),
    ...(options.auth === undefined ? {} : { auth: options.auth }),
  });
}
