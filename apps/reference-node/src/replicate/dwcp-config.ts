import { z } from "zod";
import type { ConfigField } from "../config/fields.js";
import type { JobOrder, Site } from "../jobs/job.js";
import { jobsFields, jobsSchema, sitesSchema } from "../jobs/jobs-config.js";

/** Whether the node takes replicas over DWCP, and where they go. */
export interface DwcpConfig {
  readonly enabled: boolean;
  readonly host: string;
  readonly port: number;
  /** The file of the key that both sides know. */
  readonly key_file?: string | undefined;
  /** Where replicas go. */
  readonly receive_folder?: string | undefined;
  readonly max_streams: number;
  /** Of all sessions; 0 is four times `max_streams`. */
  readonly max_streams_total: number;
  /** A file with the settings of the transport and the encoding. */
  readonly settings_file?: string | undefined;
  /** Where the node is managed over HTTP, on loopback. */
  readonly management_port?: number | undefined;
  /** Where journals and snapshots of jobs lie. */
  readonly state_folder?: string | undefined;
  readonly sites: readonly Site[];
  readonly jobs: readonly JobOrder[];
}

/** Checks the shape of `[dwcp]` and fills in what it leaves out. */
export const dwcpSchema: z.ZodType<DwcpConfig> = z
  .strictObject({
    enabled: z.boolean().default(false),
    host: z.string().min(1).default("127.0.0.1"),
    port: z.int().min(0).max(65_535).default(9951),
    key_file: z.string().min(1).optional(),
    receive_folder: z.string().min(1).optional(),
    max_streams: z.int().min(1).max(4096).default(256),
    max_streams_total: z.int().min(0).max(65_536).default(0),
    settings_file: z.string().min(1).optional(),
    management_port: z.int().min(0).max(65_535).optional(),
    state_folder: z.string().min(1).optional(),
    sites: sitesSchema.default([]),
    jobs: jobsSchema.default([]),
  })
  .prefault({});

/** The fields of `[dwcp]` by path. */
export const dwcpFields: Readonly<Record<string, ConfigField>> = {
  dwcp: {
    meaning: "DWCP: replicas from other sites.",
    allowed: "a table",
    example: "[dwcp]",
  },
  "dwcp.enabled": {
    meaning: "Listens for replicas; needs key_file and receive_folder.",
    allowed: "true or false",
    example: "enabled = true",
  },
  "dwcp.host": {
    meaning: "Address it listens on for DWCP.",
    allowed: "an address of this host",
    example: 'host = "127.0.0.1"',
  },
  "dwcp.port": {
    meaning: "TCP port of DWCP; 0 lets the system choose.",
    allowed: "0 to 65535",
    example: "port = 9951",
  },
  "dwcp.key_file": {
    meaning: "The pre-shared key by which both sides of a replication prove who they are.",
    allowed:
      "path of a file with 32 bytes (raw, 64 hex digits or base64) that only its owner can read",
    example: 'key_file = "dwcp.key"',
  },
  "dwcp.receive_folder": {
    meaning: "Where replicas go, each under its plain name.",
    allowed: "path of a folder; it is made if it does not exist",
    example: 'receive_folder = "/var/lib/reference-node/replicas"',
  },
  "dwcp.max_streams": {
    meaning: "TCP connections that one session may have.",
    allowed: "1 to 4096",
    example: "max_streams = 64",
  },
  "dwcp.max_streams_total": {
    meaning:
      "TCP connections that all sessions have together, whoever opened them; they share them evenly.",
    allowed: "0 (four times max_streams) to 65536",
    example: "max_streams_total = 256",
  },
  "dwcp.settings_file": {
    meaning:
      "Settings of streams, compression and migrations; whatever names the node and its port is that of this table.",
    allowed: "path of a YAML or JSON file, as docs/guide/dwcp.md has it",
    example: 'settings_file = "dwcp.yaml"',
  },
  "dwcp.management_port": {
    meaning:
      "HTTP port, on loopback, where sessions, transfers and settings are looked at and changed.",
    allowed: "0 to 65535",
    example: "management_port = 9464",
  },
  "dwcp.state_folder": {
    meaning:
      "Where jobs keep their journal and the last state of each source; .jobs in receive_folder by default.",
    allowed: "path of a folder; it is made if it does not exist",
    example: 'state_folder = "/var/lib/reference-node/jobs"',
  },
  ...jobsFields,
};
