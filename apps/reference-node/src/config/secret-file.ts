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

/** What an option of the command line names; fields of a configuration have texts of their own. */
const forms = {
  any: "path of a readable file",
  secret: "path of a file that only its owner can read",
  key: "path of a file with 32 bytes: raw, as 64 hex digits, or as base64",
} as const;

/** Reads a file that is named in a configuration; a problem says why it cannot be read. */
export function readNamedFile(mention: FileMention): Uint8Array | ConfigProblem {
  return readFile(mention, forms.any);
}

function readFile(mention: FileMention, form: string): Uint8Array | ConfigProblem {
  const { path } = mention;
  try {
    if (statSync(path).isFile()) return readFileSync(path);
    return problem(mention, form, `${path} is not a file`);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const reason = code === "ENOENT" ? "does not exist" : `cannot be read (${code})`;
    return problem(mention, form, `${path} ${reason}`);
  }
}

/** Reads a file with a secret, which only its owner may be able to read. */
export function readSecretFile(
  mention: FileMention,
  options: SecretOptions = {},
): Uint8Array | ConfigProblem {
  return readSecret(mention, options, forms.secret);
}

function readSecret(
  mention: FileMention,
  options: SecretOptions,
  form: string,
): Uint8Array | ConfigProblem {
  const bytes = readFile(mention, form);
  if (isProblem(bytes) || options.allowOpen === true) return bytes;
  const mode = statSync(mention.path).mode & 0o777;
  // Windows has no such bits: every file reads as 0666 there.
  if (process.platform === "win32" || (mode & 0o077) === 0) return bytes;
  return {
    ...problem(mention, form, `${mention.path} has mode ${mode.toString(8)}: others can read it`),
    fix: `chmod 600 ${mention.path}`,
  };
}

/** Reads the 32-byte key of CRYPT: raw, as hex or as base64. spec/xcp.md §12 */
export function readKeyFile(
  mention: FileMention,
  options: SecretOptions = {},
): Uint8Array | ConfigProblem {
  const bytes = readSecret(mention, options, forms.key);
  if (isProblem(bytes)) return bytes;
  const key = bytes.length === 32 ? Uint8Array.from(bytes) : decodeKeyText(bytes);
  if (key !== undefined) return key;
  return {
    ...problem(mention, forms.key, `${mention.path} does not hold a key`),
    fix: newKeyFix(mention),
  };
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

function problem(mention: FileMention, form: string, text: string): ConfigProblem {
  const known = configFields.get(mention.field.replaceAll(/\[\d+\]/g, "[]"));
  return {
    file: mention.file,
    field: mention.field,
    problem: text,
    allowed: known?.allowed ?? form,
    fix: "name an existing file that this user can read",
  };
}
