import type { ConnectionOptions, TlsOptions } from "node:tls";
import type { DwcpConfig } from "../../config/config-table.js";
import { DwcpError } from "../../errors.js";
import type { SessionSecurity } from "../../session/security.js";
import { DEFAULT_TUNING } from "../../session/session-options.js";
import type { DwcpNodeOptions } from "../node-options.js";
import type { PeerAddress } from "../net/link-options.js";

/** What a configuration must not hold. */
export interface ManagerSecrets {
  /** The pre-shared key. */
  readonly key?: Uint8Array | undefined;
  /** Certificates of this side, as `node:tls` takes them. */
  readonly tls?: { readonly server?: TlsOptions; readonly client?: ConnectionOptions } | undefined;
  /** Folder of received objects; without it the node only sends. */
  readonly store?: string | undefined;
  /** Folder of states that peers committed; without it none are kept to send the next ones against. */
  readonly baselines?: string | undefined;
}

/** What a node is started with, by its configuration. @throws DwcpError `dwcp.invalid_config` */
export function nodeOptionsOf(config: DwcpConfig, secrets: ManagerSecrets): DwcpNodeOptions {
  const workers = config["compression.workers"];
  const rate = config["transport.pacingRateBitsPerSecond"];
  const listen = config["node.listen"];
  const { tls } = secrets;
  requireProvider(config["transport.provider"], tls !== undefined);
  const rma = { device: config["transport.rdma.device"], port: config["transport.rdma.port"] };
  return {
    nodeId: config["node.id"],
    security: securityOf(config, secrets),
    ...(listen === ""
      ? {}
      : {
          listen: {
            ...parseAddress(listen),
            ...(tls?.server === undefined ? {} : { tls: tls.server }),
          },
        }),
    ...(tls?.client === undefined ? {} : { tls: tls.client }),
    ...(secrets.store === undefined ? {} : { store: secrets.store }),
    streams: {
      minStreams: config["transport.minStreams"],
      maxStreams: config["transport.maxStreams"],
      maxStreamsTotal: config["transport.maxStreamsTotal"],
      initialStreams: config["transport.initialStreams"],
      autoStreams: config["transport.autoStreams"],
      streamScalingFactor: config["transport.streamScalingFactor"],
    },
    tuning: {
      ...DEFAULT_TUNING,
      chunkBytes: config["transport.chunkBytes"],
      creditBytes: config["transport.creditBytes"],
      stallUs: config["transport.stallTimeoutMs"] * 1_000,
      rateLimit: rate === 0 ? Number.POSITIVE_INFINITY : rate / 8,
      pacing: config["transport.pacing"] ? "measured" : "off",
    },
    congestionControl: config["transport.congestionControl"],
    verification: config["transport.verification"],
    ...(config["transport.provider"] === "rdma" ? { rma } : {}),
    connectTimeoutMs: config["transport.connectTimeoutMs"],
    sessionTtlMs: config["transport.sessionTtlMs"],
    ...(secrets.baselines === undefined
      ? {}
      : {
          baselines: {
            folder: secrets.baselines,
            limits: {
              baselineIntervalMs: config["compression.baselineIntervalMs"],
              maxBaselineAgeMs: config["compression.maxBaselineAgeMs"],
              maxDeltaChain: config["compression.maxDeltaChain"],
              baselineMemoryBytes: config["compression.baselineMemoryBytes"],
            },
          },
        }),
    dictionaries: {
      refreshMs: config["compression.dictionary.refreshMs"],
      maxBytes: config["compression.dictionary.maxBytes"],
      maxSamples: config["compression.dictionary.maxSamples"],
    },
    cpuCeiling: config["compression.cpuCeiling"],
    ...(workers === 0 ? {} : { workers }),
  };
}

// Who asks for TLS never gets less, and what is called TCP is no TLS.
function requireProvider(provider: DwcpConfig["transport.provider"], hasTls: boolean): void {
  if (provider !== (hasTls ? "tcp" : "tls")) return;
  const fact = hasTls ? "goes without the certificates that" : "needs certificates, and none";
  throw new DwcpError("dwcp.invalid_config", `transport.provider ${provider} ${fact} were given`);
}

function parseAddress(text: string): PeerAddress {
  const at = text.lastIndexOf(":");
  const port = Number(text.slice(at + 1));
  if (at <= 0 || !Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new DwcpError("dwcp.invalid_config", `${text} is no host:port`);
  }
  return { host: text.slice(0, at).replace(/^\[|\]$/g, ""), port };
}

function securityOf(config: DwcpConfig, { key, tls }: ManagerSecrets): SessionSecurity {
  switch (config["security.mode"]) {
    case "none":
      return { mode: "none" };
    case "mtls":
      if (tls === undefined) break;
      return { mode: "mtls" };
    case "tls":
      // The certificate proves the side that listens; the key proves both.
      if (tls === undefined || key === undefined) break;
      return { mode: "psk", key };
    case "psk":
      if (key === undefined) break;
      return { mode: "psk", key };
  }
  throw new DwcpError(
    "dwcp.invalid_config",
    `security.mode ${config["security.mode"]} needs a key or certificates that were not given`,
  );
}
