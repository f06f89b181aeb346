import { CodecId, type CodecName, codecPolicies, type CodecPolicy } from "@proj/wire-types";
import { XcpLimitTable } from "@proj/xcp-framing";
import { z } from "zod";
import { type ControlConfig, controlSchema } from "../control/control-config.js";
import { type DcquicConfig, dcquicSchema } from "../dcquic/dcquic-config.js";
import { type DwcpConfig, dwcpSchema } from "../replicate/dwcp-config.js";
import { type TensorConfig, tensorSchema } from "../tensor/tensor-config.js";

/** The certificate of an endpoint. */
export interface TlsConfig {
  /** Path of the PEM certificate chain. */
  readonly cert: string;
  /** Path of the PEM private key; readable by its owner only. */
  readonly key: string;
  /** Path of the PEM authorities whose client certificates are demanded; absent = no client certificate. */
  readonly client_ca?: string | undefined;
}

/** One place where the node accepts XCP connections. */
export interface ListenConfig {
  /** Scheme, address and port, or the path of a Unix socket. */
  readonly url: string;
  /** Needed by `xcps:`, `wss:` and `h2:`. */
  readonly tls?: TlsConfig | undefined;
  /** Lets an endpoint without TLS leave this host. */
  readonly allow_insecure: boolean;
  /** Origins whose pages may connect to a WebSocket endpoint. */
  readonly origins: readonly string[];
}

/** How much the node says about itself. */
export type LogLevelName = "debug" | "info" | "warn" | "error" | "silent";

/** A node's configuration, complete: names as they stand in the file. */
export interface NodeConfig {
  readonly node: { readonly name: string };
  readonly listen: readonly ListenConfig[];
  readonly security: {
    readonly crypt: "off" | "allowed" | "required";
    readonly key_file?: string | undefined;
    readonly auth_file?: string | undefined;
    readonly allow_open_key_files: boolean;
  };
  readonly codecs: {
    readonly order: readonly CodecName[];
    readonly policy: CodecPolicy;
  };
  readonly compression: { readonly mode: "off" | "auto" | "on"; readonly level: number };
  readonly shared_memory: { readonly enabled: boolean };
  readonly service: {
    readonly reply: "receipt" | "echo";
    readonly max_transfers: number;
    readonly accept_v01: boolean;
  };
  readonly limits: Readonly<Record<string, number>>;
  readonly admin: {
    readonly enabled: boolean;
    readonly host: string;
    readonly port: number;
    readonly allow_remote: boolean;
  };
  readonly control: ControlConfig;
  readonly tensor: TensorConfig;
  readonly dcquic: DcquicConfig;
  readonly dwcp: DwcpConfig;
  readonly log: { readonly level: LogLevelName; readonly format: "json" | "text" };
}

/** Every codec of the suite, in the order a node prefers them. */
export const defaultCodecOrder: readonly CodecName[] = [
  "PROTOBUF",
  "ARROW_IPC",
  "JSON",
  "TENSOR_F32",
  "TENSOR_F16",
  "TENSOR_QNT8",
  "MIXED_LATENT",
  "DLPACK",
];

const codecName = z.enum(Object.keys(CodecId) as [CodecName, ...CodecName[]]);
const path = z.string().min(1);

const listen = z.strictObject({
  url: z.string().min(1),
  tls: z.strictObject({ cert: path, key: path, client_ca: path.optional() }).optional(),
  allow_insecure: z.boolean().default(false),
  origins: z.array(z.string().regex(/^(?:\*|https?:\/\/[^/]+)$/)).default([]),
});

const limits = z.strictObject(
  Object.fromEntries(
    Object.entries(XcpLimitTable).map(([name, spec]) => [
      snakeCase(name),
      z.int().min(spec.min).max(spec.max).optional(),
    ]),
  ),
);

/** Checks the shape of a configuration and fills in what it leaves out. */
export const configSchema: z.ZodType<NodeConfig> = z.strictObject({
  node: z.strictObject({ name: z.string().min(1).max(64).default("reference-node") }).prefault({}),
  listen: z.array(listen).min(1).max(64),
  security: z
    .strictObject({
      crypt: z.enum(["off", "allowed", "required"]).default("off"),
      key_file: path.optional(),
      auth_file: path.optional(),
      allow_open_key_files: z.boolean().default(false),
    })
    .prefault({}),
  codecs: z
    .strictObject({
      order: z
        .array(codecName)
        .min(1)
        .default([...defaultCodecOrder]),
      policy: z.enum(codecPolicies).default("Any"),
    })
    .prefault({}),
  compression: z
    .strictObject({
      mode: z.enum(["off", "auto", "on"]).default("auto"),
      level: z.int().min(1).max(19).default(3),
    })
    .prefault({}),
  shared_memory: z.strictObject({ enabled: z.boolean().default(true) }).prefault({}),
  service: z
    .strictObject({
      reply: z.enum(["receipt", "echo"]).default("receipt"),
      max_transfers: z.int().min(1).max(10_000).default(64),
      accept_v01: z.boolean().default(false),
    })
    .prefault({}),
  limits: limits.prefault({}) as unknown as z.ZodType<Readonly<Record<string, number>>>,
  admin: z
    .strictObject({
      enabled: z.boolean().default(true),
      host: z.string().min(1).default("127.0.0.1"),
      port: z.int().min(0).max(65_535).default(9945),
      allow_remote: z.boolean().default(false),
    })
    .prefault({}),
  control: controlSchema,
  tensor: tensorSchema,
  dcquic: dcquicSchema,
  dwcp: dwcpSchema,
  log: z
    .strictObject({
      level: z.enum(["debug", "info", "warn", "error", "silent"]).default("info"),
      format: z.enum(["json", "text"]).default("text"),
    })
    .prefault({}),
});

/** `maxFrameBytes` → `max_frame_bytes`. */
export function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** `max_frame_bytes` → `maxFrameBytes`. */
export function camelCase(name: string): string {
  return name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
