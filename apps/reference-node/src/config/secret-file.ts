import { parseBase64, parseHex } from "@proj/wire-types";
import { readFileSync, statSync } from "node:fs";
import { configFields } from "./fields.js";
import type { ConfigProblem } from "./problem.js";

/** Where a file is named, for problems with it. */
export interface FileMention {
  /** The configuration file, or `command line`. */
  readonly file: string;
  /** The field or option. */
  readonly field: string;
  /** The path given. */
  readonly path: string;
}

/** Whether others may be able to read the file. */
export interface SecretOptions {
  /** Accepts a file that its group or everyone can read. */
  readonly allowOpen?: boolean;
}

/** Reads a file that is named in a configuration; a problem says why it cannot be read. */
export function readNamedFile(mention: FileMention): Uint8Array | ConfigProblem {
  try {
    if (!statSync(mention.path).isFile()) return problem(mention, "it is not a file");
    return readFileSync(mention.path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    return problem(
      mention,
      code === "ENOENT"
        ? `${mention.path} does not exist`
        : `${mention.path} cannot be read (${code})`,
    );
  }
}

/** Reads a file with a secret, which only its owner may be able to read. */
export function readSecretFile(
  mention: FileMention,
  options: SecretOptions = {},
): Uint8Array | ConfigProblem {
  const bytes = readNamedFile(mention);
  if (!(bytes instanceof Uint8Array) || options.allowOpen === true) return bytes;
  const mode = statSync(mention.path).mode & 0o777;
  // Windows has no such bits: every file reads as 0666 there.
  if (process.platform === "win32" || (mode & 0o077) === 0) return bytes;
  return {
    ...problem(mention, `${mention.path} has mode ${mode.toString(8)}: others can read it`),
    fix: `chmod 600 ${mention.path}`,
  };
}

/** Reads the 32-byte key of CRYPT: raw, as hex or as base64. spec/xcp.md §12 */
export function readKeyFile(
  mention: FileMention,
  options: SecretOptions = {},
): Uint8Array | ConfigProblem {
  const bytes = readSecretFile(mention, options);
  if (!(bytes instanceof Uint8Array)) return bytes;
  const key = bytes.length === 32 ? Uint8Array.from(bytes) : decodeKeyText(bytes);
  return (
    key ?? { ...problem(mention, `${mention.path} does not hold a key`), fix: newKeyFix(mention) }
  );
}

/** Whether the result of a read is a problem. */
export function isProblem(result: Uint8Array | ConfigProblem): result is ConfigProblem {
  return !(result instanceof Uint8Array);
}

function decodeKeyText(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.length > 128) return undefined;
  const text = Buffer.from(bytes).toString("latin1").trim();
  try {
    const key = /^[0-9a-fA-F]{64}$/.test(text) ? parseHex(text) : parseBase64(text);
    return key.length === 32 ? key : undefined;
  } catch {
    return undefined;
  }
}

function newKeyFix(mention: FileMention): string {
  return `make one: umask 077; node -e 'console.log(crypto.randomBytes(32).toString("hex"))' > ${mention.path}`;
}

function problem(mention: FileMention, text: string): ConfigProblem {
  const known = configFields.get(mention.field.replaceAll(/\[\d+\]/g, "[]"));
  return {
    file: mention.file,
    field: mention.field,
    problem: text,
    allowed: known?.allowed ?? "path of a file with 32 bytes: raw, as 64 hex digits, or as base64",
    fix: "name an existing file that this user can read",
  };
}
