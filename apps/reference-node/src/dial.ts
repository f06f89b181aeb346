import { CodecId } from "@proj/wire-types";
import type { Connection, ProfileChoice, XcpClient, XcpLimits } from "@proj/xcp-framing";
import { type ClientTls, connectXcp } from "@proj/xcp-framing/node";
import { defaultCodecOrder } from "./config/schema.js";
import { type EtherLink, LinkTable } from "./ether-link.js";
import { nodeVersion } from "./node-version.js";
import { createToolkit, sharedMemoryOptions } from "./toolkit.js";

/** How a verb connects to a node. */
export interface DialOptions {
  /** The key of CRYPT; with it every payload is encrypted, and a peer that cannot is refused. */
  readonly key: Uint8Array | undefined;
  /** The credential to present. */
  readonly auth: Uint8Array | undefined;
  /** Whom to trust and what to present over TLS. */
  readonly tls: { readonly [K in keyof ClientTls]?: ClientTls[K] | undefined };
  /** How frames look on the wire. */
  readonly profile: ProfileChoice;
  /** Lets a transport without TLS leave this host. */
  readonly allowInsecure: boolean;
  /** Milliseconds until a request fails. */
  readonly timeoutMs: number;
  /** Whether to offer shared memory to a peer on this host. */
  readonly sharedMemory: "off" | "auto";
  /** Limits that differ from the defaults. */
  readonly limits?: Partial<XcpLimits>;
}

/** A client with the links of its connections. */
export interface Dialled {
  readonly client: XcpClient;
  readonly connection: Connection;
  readonly link: EtherLink;
}

/**
 * Connects to a node. Whoever gets the client closes it.
 *
 * @throws WireError `wire.invalid_uri`, `wire.connection_failed`, `wire.timeout`
 * @throws XcpError why the handshake failed
 */
export async function dial(url: string, options: DialOptions): Promise<Dialled> {
  const toolkit = createToolkit({ sharedMemory: options.sharedMemory });
  const links = new LinkTable(toolkit);
  const tls = Object.fromEntries(
    Object.entries(options.tls).filter(([, value]) => value !== undefined),
  );
  const client = await connectXcp(url, {
    codecs: defaultCodecOrder.map((name) => CodecId[name]),
    agent: `reference-node/${nodeVersion()}`,
    profile: options.profile,
    reconnect: "never",
    requestTimeoutMs: options.timeoutMs,
    allowInsecure: options.allowInsecure,
    features: { tensorExtension: true, dlpack: true },
    tls,
    ...sharedMemoryOptions(toolkit, links),
    ...(options.limits === undefined ? {} : { limits: options.limits }),
    ...(options.key === undefined ? {} : { key: options.key, cryptPolicy: "required" }),
    ...(options.auth === undefined ? {} : { auth: options.auth }),
  });
  const connection = await client.connect();
  return { client, connection, link: links.of(connection) };
}
