import type { Command } from "commander";
import type { ControlTarget } from "../control/control-client.js";
import { CONTROL_PATH } from "../control/control-server.js";
import { CONTROL_PORT } from "../control/control-config.js";
import { defaultTokenFile, readToken } from "../control/control-token.js";
import { ConfigError } from "../config/problem.js";
import { positiveInteger } from "./dial-options.js";
import { UsageError } from "./output.js";

/** What commander gives for the options of {@link addControlOptions}. */
export interface ControlFlags {
  readonly node: string;
  readonly tokenFile?: string;
  readonly openKeyFiles?: boolean;
  readonly timeout: number;
  readonly json?: boolean;
}

const help = `
The node must run with its control API, as it does by default. The token lies in a file that the node made; it is found
without --token-file when the node runs as the same user and its configuration names none.
`;

/** Adds the options of every verb that asks a running node. */
export function addControlOptions(command: Command): Command {
  return command
    .option(
      "--node <url>",
      "its control API, as serve tells it",
      `http://127.0.0.1:${CONTROL_PORT}${CONTROL_PATH}`,
    )
    .option("--token-file <file>", "the token of that node")
    .option("--open-key-files", "accept a token file that others can read")
    .option("--timeout <ms>", "give up after this long", positiveInteger, 10_000)
    .option("--json", "write JSON")
    .addHelpText("after", help);
}

/** Reads the token and checks the URL. @throws ConfigError, UsageError */
export function readControlOptions(flags: ControlFlags): ControlTarget {
  const token = readToken({
    file: "command line",
    field: "--token-file",
    path: flags.tokenFile ?? defaultTokenFile(process.env),
    allowOpen: flags.openKeyFiles === true,
  });
  if (typeof token !== "string") throw new ConfigError([token]);
  return { url: controlUrl(flags.node), token, timeoutMs: flags.timeout };
}

function controlUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "http:" && url?.protocol !== "https:") {
    throw new UsageError(
      `--node ${text}: it is no http:// or https:// URL`,
      `write, for instance: --node http://127.0.0.1:${CONTROL_PORT}${CONTROL_PATH}`,
    );
  }
  if (url.pathname === "/") url.pathname = CONTROL_PATH;
  return url.href;
}
