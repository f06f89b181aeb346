import { z } from "zod";
import type { ConfigField } from "../config/fields.js";

/** Where the control API is, and what opens it. */
export interface ControlConfig {
  readonly enabled: boolean;
  readonly host: string;
  readonly port: number;
  /** The file of the token; absent = one in the user's state folder. */
  readonly token_file?: string | undefined;
  /** Lets it leave this host. */
  readonly allow_remote: boolean;
}

/** The port of the control API where none is named. */
export const CONTROL_PORT = 9948;

/** Checks the shape of `[control]` and fills in what it leaves out. */
export const controlSchema: z.ZodType<ControlConfig> = z
  .strictObject({
    enabled: z.boolean().default(true),
    host: z.string().min(1).default("127.0.0.1"),
    port: z.int().min(0).max(65_535).default(CONTROL_PORT),
    token_file: z.string().min(1).optional(),
    allow_remote: z.boolean().default(false),
  })
  .prefault({});

/** The fields of `[control]` by path. */
export const controlFields: Readonly<Record<string, ConfigField>> = {
  control: {
    meaning: "The control API: Cap'n Web over WebSocket and HTTP, opened by a token.",
    allowed: "a table",
    example: "[control]",
  },
  "control.enabled": {
    meaning: "Opens the control API.",
    allowed: "true or false",
    example: "enabled = false",
  },
  "control.host": {
    meaning: "Address the control API listens on.",
    allowed: "an IP address or host name; not loopback only with allow_remote",
    example: 'host = "127.0.0.1"',
  },
  "control.port": {
    meaning: "Port of the control API; 0 lets the system choose.",
    allowed: "an integer from 0 to 65535",
    example: `port = ${CONTROL_PORT}`,
  },
  "control.token_file": {
    meaning:
      "The token that opens it; made at the start, with mode 0600, where it does not exist. Without the field: `reference-node/control.token` in `$XDG_STATE_HOME` or `~/.local/state`.",
    allowed: "path of a file with 16 to 4096 bytes that only its owner can read",
    example: 'token_file = "/run/reference-node/control.token"',
  },
  "control.allow_remote": {
    meaning:
      "Lets the control API be reached from other hosts; the token then travels without TLS.",
    allowed: "true or false",
    example: "allow_remote = true",
  },
};
