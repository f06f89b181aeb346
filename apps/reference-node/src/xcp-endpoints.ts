import { CodecId, type Telemetry } from "@proj/wire-types";
import { systemTime } from "@proj/wire-types/system";
import { type Credential, SessionStore, type XcpLimits, XcpLimitTable } from "@proj/xcp-framing";
import type { ServeXcpOptions } from "@proj/xcp-framing/node";
import { timingSafeEqual } from "node:crypto";
import type { LoadedConfig } from "./config/load.js";
import { camelCase, type ListenConfig, type NodeConfig } from "./config/schema.js";
import type { EndpointSecrets } from "./config/tls-files.js";
import { LinkTable, type LinkToolkit } from "./ether-link.js";
import { nodeVersion } from "./node-version.js";
import { DataService } from "./receipts/data-service.js";
import type { Metrics } from "./telemetry/metrics.js";
import { sharedMemoryOptions } from "./toolkit.js";

/** What the XCP endpoints of a node are connected to. */
export interface XcpWiring {
  readonly loaded: LoadedConfig;
  readonly toolkit: LinkToolkit;
  readonly telemetry: Telemetry;
  readonly metrics: Metrics;
  /** Hears of each connection. */
  readonly connected: NonNullable<ServeXcpOptions["onConnection"]>;
  /** Hears of each peer that was refused. */
  readonly refused: NonNullable<ServeXcpOptions["onRefused"]>;
}

/** What the XCP endpoints of a node share: its codecs, limits, keys and its data service. */
export function xcpServerOptions(wiring: XcpWiring): Omit<ServeXcpOptions, "listen"> {
  const { loaded, toolkit, telemetry, metrics, connected, refused } = wiring;
  const { config, secrets } = loaded;
  const links = new LinkTable(toolkit);
  const service = new DataService({
    reply: config.service.reply,
    maxTransfers: config.service.max_transfers,
    links,
    meter: metrics.meter,
    time: systemTime,
  });
  metrics.observe(
    {
      name: "node_open_transfers",
      help: "Transfers in several parts that are under way.",
    },
    () => service.openTransfers,
  );
  return {
    codecs: config.codecs.order.map((name) => CodecId[name]),
    codecPolicy: config.codecs.policy,
    limits: limitsOf(config),
    features: { tensorExtension: true, dlpack: true },
    compression: config.compression,
    agent: `${config.node.name} (reference-node/${nodeVersion()})`,
    telemetry,
    handler: (message, context) => service.handle(message, context),
    onConnection: connected,
    onRefused: refused,
    cryptPolicy: config.security.crypt,
    acceptV01: config.service.accept_v01,
    ...sharedMemoryOptions(toolkit, links),
    // A peer may come back through another endpoint.
    sessions: new SessionStore({
      keepMs: config.limits["session_keep_ms"] ?? XcpLimitTable.sessionKeepMs.default,
    }),
    ...(secrets.key === undefined ? {} : { key: secrets.key }),
    ...(secrets.auth === undefined ? {} : { verifyAuth: presents(secrets.auth) }),
  };
}

/** What one endpoint has for itself: its address, and its keys where it has TLS. */
export function endpointOptions(
  endpoint: ListenConfig,
  secrets: EndpointSecrets | undefined,
): Pick<ServeXcpOptions, "listen" | "allowInsecure" | "origins" | "tls"> {
  const { url, allow_insecure: allowInsecure, origins } = endpoint;
  if (secrets === undefined) return { listen: [url], allowInsecure, origins };
  const { cert, key, clientCa } = secrets;
  const tls = { cert, key, ...(clientCa === undefined ? {} : { clientCa }) };
  return { listen: [url], allowInsecure, origins, tls };
}

function limitsOf(config: NodeConfig): Partial<XcpLimits> {
  return Object.fromEntries(
    Object.entries(config.limits).map(([name, value]) => [camelCase(name), value]),
  );
}

// In time that does not depend on how much of the credential is right.
function presents(expected: Uint8Array): (credential: Credential) => boolean {
  return ({ auth }) =>
    auth !== undefined && auth.length === expected.length && timingSafeEqual(auth, expected);
}
