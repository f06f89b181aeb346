import type { Command } from "commander";
import { ConfigError } from "../config/problem.js";
import { isProblem, readKeyFile } from "../config/secret-file.js";
import { parseDcquicUrl } from "../dcquic/dcquic-url.js";
import { UsageError } from "./output.js";

/** What commander gives for the options of {@link addDcquicOptions}. */
export interface DcquicFlags {
  readonly to: string;
  readonly key: string;
  readonly openKeyFiles?: boolean;
}

/** Adds the options of verbs that speak dcQUIC with a node. */
export function addDcquicOptions(command: Command): Command {
  return command
    .requiredOption("--to <url>", "the node: dcquic://host:port")
    .requiredOption("--key <file>", "the key that both know (32 bytes: raw, hex or base64)")
    .option("--open-key-files", "accept key files that others can read");
}

/** Reads the key that `--key` names. @throws ConfigError */
export function readSharedKey(path: string, allowOpen: boolean): Uint8Array {
  const mention = { file: "command line", field: "--key", path };
  const key = readKeyFile(mention, { allowOpen });
  if (isProblem(key)) throw new ConfigError([key]);
  return key;
}

/** The node that `--to` names. @throws UsageError */
export function readPeer(url: string): string {
  const peer = parseDcquicUrl(url);
  if (peer !== undefined) return peer;
  throw new UsageError(`--to ${url} is no dcQUIC URL`, "write dcquic://host:port");
}
