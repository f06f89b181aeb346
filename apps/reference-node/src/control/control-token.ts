import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import type { ConfigProblem } from "../config/problem.js";
import { withoutLineBreak } from "../config/references.js";
import { isProblem, readSecretFile, type SecretOptions } from "../config/secret-file.js";

const MIN_BYTES = 16;
const MAX_BYTES = 4096;

/** The secret of the control API. Neither it nor its hash is ever shown. */
export class ControlToken {
  readonly #digest: Uint8Array;

  /** Keeps the hash of `secret`. */
  constructor(secret: Uint8Array | string) {
    this.#digest = digestOf(secret);
  }

  /** Whether `token` is the secret, in time that does not depend on how much of it is right, nor on lengths. */
  matches(token: unknown): boolean {
    return typeof token === "string" && timingSafeEqual(digestOf(token), this.#digest);
  }
}

/** Where the token lies when a configuration or command line names no file: private to the user. */
export function defaultTokenFile(
  environment: Readonly<Record<string, string | undefined>>,
): string {
  const state = environment["XDG_STATE_HOME"] ?? join(homedir(), ".local", "state");
  return join(state, "reference-node", "control.token");
}

/** Where a token file is named, and who may read it. */
export interface TokenMention extends SecretOptions {
  /** The configuration file, or `command line`. */
  readonly file: string;
  /** The field or option. */
  readonly field: string;
  readonly path: string;
}

/** Reads a token. A problem says why it cannot be read, or is none. */
export function readToken(mention: TokenMention): string | ConfigProblem {
  const bytes = readSecretFile(mention, mention);
  if (isProblem(bytes)) return bytes;
  const token = withoutLineBreak(bytes);
  if (token.length >= MIN_BYTES && token.length <= MAX_BYTES) return Buffer.from(token).toString();
  return {
    file: mention.file,
    field: mention.field,
    problem: `${mention.path} holds ${token.length} bytes`,
    allowed: `${MIN_BYTES} to ${MAX_BYTES} bytes`,
    fix: "delete the file: the next start of the node writes a new one",
  };
}

/** Reads the token of a node, which is made when its file does not exist: 0600, in a folder for the user alone. */
export function readOrMakeToken(mention: TokenMention): string | ConfigProblem {
  try {
    mkdirSync(dirname(mention.path), { recursive: true, mode: 0o700 });
    const token = randomBytes(32).toString("hex");
    // Fails where there is a file already, so that two nodes that start at once agree on one token.
    writeFileSync(mention.path, `${token}\n`, { mode: 0o600, flag: "wx" });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EEXIST") {
      return {
        file: mention.file,
        field: mention.field,
        problem: `${mention.path} cannot be written (${code})`,
        allowed: "path of a file that this user can read and write",
        fix: "name another path, or write enabled = false",
      };
    }
  }
  return readToken(mention);
}

function digestOf(secret: Uint8Array | string): Uint8Array {
  return createHash("sha256").update(secret).digest();
}
