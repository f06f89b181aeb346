import { type ByteStream, CodecId, type CodecPolicy, wireError } from "@proj/wire-types";
import {
  type Connection,
  type ProfileChoice,
  XcpClient,
  XcpError,
  type XcpLimits,
  XcpLimitTable,
} from "@proj/xcp-framing";
import {
  type ClientTls,
  type ConnectXcpOptions,
  connectXcp,
  nodePlatform,
} from "@proj/xcp-framing/node";
import { defaultCodecOrder } from "./config/schema.js";
import { closingWith } from "./dcquic/closing-with.js";
import { openDcquicPool } from "./dcquic/dcquic-client.js";
import { parseDcquicUrl } from "./dcquic/dcquic-url.js";
import { encodePurpose } from "./dcquic/purpose.js";
import { type EtherLink, LinkTable, type PoolPlaces } from "./ether-link.js";
import { nodeVersion } from "./node-version.js";
import { createToolkit, sharedMemoryOptions } from "./toolkit.js";
import { within } from "./within.js";

/** Milliseconds until a transport must stand, however patient the caller is. */
const CONNECT_TIMEOUT_MS = 10_000;
/** Milliseconds in which an encrypted round trip must succeed. */
const KEY_PROOF_MS = 5_000;

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
  /** Whether bodies may be JSON. */
  readonly codecPolicy: CodecPolicy;
  /** Lets a transport without TLS leave this host. */
  readonly allowInsecure: boolean;
  /** Milliseconds until the connection, or a request on it, fails. */
  readonly timeoutMs: number;
  /** Whether to offer shared memory to a peer on this host. */
  readonly sharedMemory: "off" | "auto";
  /** Where large attachments go for a peer on this host, instead of shared memory of their own. */
  readonly pools?: PoolPlaces;
  /** What both ends of a path know, for `dcquic:`. */
  readonly dcquicKey?: Uint8Array | undefined;
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
 * With a key, one encrypted round trip shows that the node has the same one: a frame under another key could only be
 * waited for.
 *
 * @throws WireError `wire.invalid_uri`, `wire.connection_failed`, `wire.timeout`
 * @throws XcpError why the handshake failed; `xcp.decrypt_failed` when the keys differ
 */
export async function dial(url: string, options: DialOptions): Promise<Dialled> {
  const toolkit = createToolkit({
    sharedMemory: options.sharedMemory,
    ...(options.pools === undefined ? {} : { pools: options.pools }),
  });
  const links = new LinkTable(toolkit);
  const tls = Object.fromEntries(
    Object.entries(options.tls).filter(([, value]) => value !== undefined),
  );
  const dcquic = await dcquicStream(url, options.dcquicKey);
  const client = await connect(url, dcquic, {
    codecs: defaultCodecOrder.map((name) => CodecId[name]),
    agent: `reference-node/${nodeVersion()}`,
    profile: options.profile,
    codecPolicy: options.codecPolicy,
    reconnect: "never",
    connectTimeoutMs: Math.min(options.timeoutMs, CONNECT_TIMEOUT_MS),
    requestTimeoutMs: options.timeoutMs,
    allowInsecure: options.allowInsecure,
    features: { tensorExtension: true, dlpack: true },
    tls,
    ...sharedMemoryOptions(toolkit, links),
    limits: { helloTimeoutMs: helloTimeoutMs(options.timeoutMs), ...options.limits },
    ...(options.key === undefined ? {} : { key: options.key, cryptPolicy: "required" }),
    ...(options.auth === undefined ? {} : { auth: options.auth }),
  });
  try {
    const connection = await client.connect();
    if (connection.negotiated.crypt) await proveKey(connection, options.timeoutMs);
    return { client, connection, link: links.of(connection) };
  } catch (error) {
    await client.close();
    throw error;
  }
}

// A pool of one stream: it is closed with the stream.
async function dcquicStream(
  url: string,
  key: Uint8Array | undefined,
): Promise<ByteStream | undefined> {
  const peer = parseDcquicUrl(url);
  if (peer === undefined) return undefined;
  if (key === undefined) throw wireError("wire.invalid_uri", `${url} needs --dcquic-key`);
  const pool = await openDcquicPool(key);
  const stream = pool.openByteStream(peer, { meta: encodePurpose({ for: "xcp" }) });
  return closingWith(stream, () => void pool.close());
}

async function connect(
  url: string,
  stream: ByteStream | undefined,
  options: ConnectXcpOptions,
): Promise<XcpClient> {
  if (stream === undefined) return connectXcp(url, options);
  const client = new XcpClient({
    platform: nodePlatform,
    ...options,
    dial: () => Promise.resolve(stream),
  });
  await client.connect();
  return client;
}

function helloTimeoutMs(timeoutMs: number): number {
  const { default: most, min } = XcpLimitTable.helloTimeoutMs;
  return Math.max(min, Math.min(most, timeoutMs));
}

async function proveKey(connection: Connection, timeoutMs: number): Promise<void> {
  const ms = Math.min(timeoutMs, KEY_PROOF_MS);
  await within(
    connection.ping(),
    ms,
    () =>
      new XcpError(
        "xcp.decrypt_failed",
        `no encrypted frame came back within ${ms} ms: the node has another key`,
      ),
  );
}
