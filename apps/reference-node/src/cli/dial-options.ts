import { type Command, InvalidArgumentError, Option } from "commander";
import { type Environment, readCodecPolicy } from "../config/environment.js";
import { withoutLineBreak } from "../config/references.js";
import { ConfigError, type ConfigProblem } from "../config/problem.js";
import { isProblem, readKeyFile, readNamedFile, readSecretFile } from "../config/secret-file.js";
import type { DialOptions } from "../dial.js";

/** How the URL of a node is written, as help says it. */
export const nodeUrl = "xcp://host:port, xcps:, ws:, wss:, h2c:, h2:, dcquic: or unix:/path";

/** What commander gives for the options of {@link addDialOptions}. */
export interface DialFlags {
  readonly encrypt?: string;
  readonly dcquicKey?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly certKey?: string;
  readonly serverName?: string;
  readonly auth?: string;
  readonly profile: DialOptions["profile"];
  readonly insecure?: boolean;
  readonly timeout: number;
  readonly openKeyFiles?: boolean;
  readonly sharedMemory: boolean;
}

/** Adds the options of every verb that connects to a node. */
export function addDialOptions(command: Command): Command {
  return command
    .option("--encrypt <key-file>", "encrypt payloads with this key (32 bytes: raw, hex or base64)")
    .option("--ca <pem>", "trust this authority instead of the system's (xcps, wss, h2)")
    .option("--cert <pem>", "present this certificate (mTLS)")
    .option("--cert-key <pem>", "its private key")
    .option("--server-name <name>", "the name the server's certificate must carry")
    .option("--auth <file>", "present this credential")
    .addOption(
      new Option("--profile <profile>", "how frames look on the wire")
        .choices(["v0.2", "v0.2-json", "v0.1", "auto"])
        .default("v0.2"),
    )
    .option("--dcquic-key <file>", "the key that both know, for dcquic: (32 bytes)")
    .option("--insecure", "allow a transport without TLS to another host")
    .option("--no-shared-memory", "keep all data in the connection, even on one host")
    .option("--open-key-files", "accept key files that others can read")
    .option("--timeout <ms>", "wait this long for a connection or an answer", milliseconds, 30_000);
}

/** Reads the files that the options name, and CODEC_POLICY. @throws ConfigError listing everything that is wrong with them. */
export function readDialOptions(flags: DialFlags, environment: Environment): DialOptions {
  const problems: ConfigProblem[] = [];
  const read = (
    reader: typeof readSecretFile,
    option: string,
    path: string | undefined,
  ): Uint8Array | undefined => {
    if (path === undefined) return undefined;
    const mention = { file: "command line", field: option, path };
    const result = reader(mention, { allowOpen: flags.openKeyFiles === true });
    if (!isProblem(result)) return result;
    problems.push(result);
    return undefined;
  };
  const key = read(readKeyFile, "--encrypt", flags.encrypt);
  const dcquicKey = read(readKeyFile, "--dcquic-key", flags.dcquicKey);
  const auth = read(readSecretFile, "--auth", flags.auth);
  const tls = {
    ca: read(readNamedFile, "--ca", flags.ca),
    cert: read(readNamedFile, "--cert", flags.cert),
    key: read(readSecretFile, "--cert-key", flags.certKey),
    serverName: flags.serverName,
  };
  if ((flags.cert === undefined) !== (flags.certKey === undefined)) {
    problems.push({
      file: "command line",
      field: flags.cert === undefined ? "--cert" : "--cert-key",
      problem: "--cert and --cert-key belong together",
      allowed: "both or neither",
      fix: "name the other one too",
    });
  }
  const codecPolicy = readCodecPolicy(environment, problems) ?? "Any";
  if (problems.length > 0) throw new ConfigError(problems);
  return {
    key,
    dcquicKey,
    auth: auth === undefined ? undefined : withoutLineBreak(auth),
    tls,
    profile: flags.profile,
    codecPolicy,
    allowInsecure: flags.insecure === true,
    timeoutMs: flags.timeout,
    sharedMemory: flags.sharedMemory ? "auto" : "off",
  };
}

/** The longest time that timers take: 24.8 days. */
const MAX_MS = 2 ** 31 - 1;

/** Reads a time in milliseconds. */
export function milliseconds(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0 && value <= MAX_MS) return value;
  throw new InvalidArgumentError(`It must be a whole number of milliseconds from 1 to ${MAX_MS}.`);
}

/** Reads a whole number above 0. */
export function positiveInteger(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError("It must be a whole number above 0.");
}
