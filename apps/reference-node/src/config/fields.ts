import { CodecId } from "@proj/wire-types";
import { type XcpLimits, XcpLimitTable } from "@proj/xcp-framing";
import { controlFields } from "../control/control-config.js";
import { dcquicFields } from "../dcquic/dcquic-config.js";
import { dwcpFields } from "../replicate/dwcp-config.js";
import { tensorFields } from "../tensor/tensor-config.js";
import { snakeCase } from "./schema.js";

/** What a person needs to know to write one field. */
export interface ConfigField {
  /** What it does. */
  readonly meaning: string;
  /** Which values it takes. */
  readonly allowed: string;
  /** A line that could stand in the file. */
  readonly example: string;
}

const trueOrFalse = "true or false";

const handWritten: Readonly<Record<string, ConfigField>> = {
  node: { meaning: "The node itself.", allowed: "a table", example: "[node]" },
  "node.name": {
    meaning: "What the node calls itself towards peers and in logs.",
    allowed: "1 to 64 characters",
    example: 'name = "node-a"',
  },
  listen: {
    meaning: "Where XCP connections are accepted; one table per endpoint.",
    allowed: "1 to 64 tables [[listen]]",
    example: '[[listen]]\n    url = "xcp://127.0.0.1:9944"',
  },
  "listen[]": {
    meaning: "One endpoint.",
    allowed: "a table with url, and tls or allow_insecure where needed",
    example: '[[listen]]\n    url = "xcp://127.0.0.1:9944"',
  },
  "listen[].url": {
    meaning: "Transport, address and port; port 0 lets the system choose.",
    allowed:
      "xcp://host:port, xcps://host:port, ws://host:port, wss://host:port, h2c://host:port, h2://host:port or unix:/path",
    example: 'url = "xcp://127.0.0.1:9944"',
  },
  "listen[].tls": {
    meaning: "Certificate of an endpoint with TLS.",
    allowed: "a table with cert and key, for xcps, wss and h2 only",
    example: 'tls = { cert = "node.crt", key = "node.key" }',
  },
  "listen[].tls.cert": {
    meaning: "PEM certificate chain, the node's own certificate first.",
    allowed: "path of a readable PEM file",
    example: 'cert = "/etc/reference-node/node.crt"',
  },
  "listen[].tls.key": {
    meaning: "PEM private key of that certificate.",
    allowed: "path of a PEM file that only its owner can read",
    example: 'key = "/etc/reference-node/node.key"',
  },
  "listen[].tls.client_ca": {
    meaning: "PEM authorities; with it every client must present a certificate of theirs (mTLS).",
    allowed: "path of a readable PEM file",
    example: 'client_ca = "/etc/reference-node/clients.crt"',
  },
  "listen[].allow_insecure": {
    meaning: "Lets an endpoint without TLS be reached from other hosts.",
    allowed: trueOrFalse,
    example: "allow_insecure = true",
  },
  "listen[].origins": {
    meaning: "Web pages that may connect to a ws or wss endpoint; programs may always.",
    allowed: 'a list of origins such as "https://app.example", or ["*"] for all',
    example: 'origins = ["http://localhost:8080"]',
  },
  "listen[].origins[]": {
    meaning: "One origin.",
    allowed: '"*", or http:// or https:// with a host and no path',
    example: '"https://app.example"',
  },
  security: { meaning: "Who may talk, and how.", allowed: "a table", example: "[security]" },
  "security.crypt": {
    meaning: "Encryption of payloads by XCP itself, on top of any transport.",
    allowed: '"off", "allowed" or "required"',
    example: `crypt = "off"`,
  },
  "security.key_file": {
    meaning: "The secret shared with all peers, for crypt.",
    allowed: "path of a file with 32 bytes: raw, as 64 hex digits, or as base64",
    example: 'key_file = "/etc/reference-node/xcp.key"',
  },
  "security.auth_file": {
    meaning: "The credential that every peer must present in its HELLO.",
    allowed: "path of a file with 16 to 4096 bytes; a final line break is not part of it",
    example: 'auth_file = "/etc/reference-node/token"',
  },
  "security.allow_open_key_files": {
    meaning: "Accepts key files that others can read, as mounted secrets often are.",
    allowed: trueOrFalse,
    example: "allow_open_key_files = true",
  },
  codecs: { meaning: "How bodies are encoded.", allowed: "a table", example: "[codecs]" },
  "codecs.order": {
    meaning: "Codecs that the node offers, best first.",
    allowed: `a list without repetition of ${Object.keys(CodecId).join(", ")}`,
    example: 'order = ["PROTOBUF", "ARROW_IPC", "JSON"]',
  },
  "codecs.order[]": {
    meaning: "One codec.",
    allowed: `one of ${Object.keys(CodecId).join(", ")}`,
    example: '"PROTOBUF"',
  },
  "codecs.policy": {
    meaning: "Whether bodies may be JSON. The environment variable CODEC_POLICY overrides it.",
    allowed: '"Any", "BinaryPreferred" or "BinaryRequired"',
    example: 'policy = "BinaryRequired"',
  },
  compression: { meaning: "zstd.", allowed: "a table", example: "[compression]" },
  "compression.mode": {
    meaning: "When bodies above 1 KiB are compressed; auto: towards other hosts only.",
    allowed: '"off", "auto" or "on"',
    example: 'mode = "on"',
  },
  "compression.level": {
    meaning: "zstd level; 1 for latency.",
    allowed: "an integer from 1 to 19",
    example: "level = 3",
  },
  shared_memory: {
    meaning: "Attachments through POSIX shared memory.",
    allowed: "a table",
    example: "[shared_memory]",
  },
  "shared_memory.enabled": {
    meaning: "Offers shared memory to peers that prove to be on this host.",
    allowed: trueOrFalse,
    example: "enabled = false",
  },
  service: { meaning: "What the node does with data.", allowed: "a table", example: "[service]" },
  "service.reply": {
    meaning:
      "receipt: answer with hash and statistics of what arrived; echo: answer with the same Ethers.",
    allowed: '"receipt" or "echo"',
    example: 'reply = "echo"',
  },
  "service.max_transfers": {
    meaning: "Transfers in several parts that may be open at once over all connections.",
    allowed: "an integer from 1 to 10000",
    example: "max_transfers = 64",
  },
  "service.accept_v01": {
    meaning: "Also serves peers that speak the v0.1 proof of concept.",
    allowed: trueOrFalse,
    example: "accept_v01 = true",
  },
  limits: {
    meaning: "Resource limits of each connection.",
    allowed: "a table",
    example: "[limits]",
  },
  admin: {
    meaning: "HTTP endpoint with /metrics, /health/live and /health/ready.",
    allowed: "a table",
    example: "[admin]",
  },
  "admin.enabled": { meaning: "Opens it.", allowed: trueOrFalse, example: "enabled = false" },
  "admin.host": {
    meaning: "Address it listens on.",
    allowed: "an IP address or host name; not loopback only with allow_remote",
    example: 'host = "127.0.0.1"',
  },
  "admin.port": {
    meaning: "Its port; 0 lets the system choose.",
    allowed: "an integer from 0 to 65535",
    example: "port = 9945",
  },
  "admin.allow_remote": {
    meaning: "Lets it be reached from other hosts; it has neither TLS nor passwords.",
    allowed: trueOrFalse,
    example: "allow_remote = true",
  },
  ...controlFields,
  ...tensorFields,
  ...dcquicFields,
  ...dwcpFields,
  log: { meaning: "Structured logs on standard error.", allowed: "a table", example: "[log]" },
  "log.level": {
    meaning: "The quietest record that is written.",
    allowed: '"debug", "info", "warn", "error" or "silent"',
    example: 'level = "debug"',
  },
  "log.format": {
    meaning: "json: one object per line; text: one readable line per record.",
    allowed: '"json" or "text"',
    example: 'format = "json"',
  },
};

const limitFields = Object.keys(XcpLimitTable).map((name): [string, ConfigField] => {
  const spec = XcpLimitTable[name as keyof XcpLimits];
  return [
    `limits.${snakeCase(name)}`,
    {
      meaning: `Without it ${spec.reason.replace(/\.$/, "")}.`,
      allowed: `an integer from ${spec.min} to ${spec.max} (${spec.unit})`,
      example: `${snakeCase(name)} = ${spec.default}`,
    },
  ];
});

/** Every field of the configuration by its path; `[]` stands for any index. */
export const configFields: ReadonlyMap<string, ConfigField> = new Map([
  ...Object.entries(handWritten),
  ...limitFields,
]);
