import { type Command, InvalidArgumentError } from "commander";
import { readFileSync } from "node:fs";
import { ControlError } from "../control/control-error.js";
import { UsageError } from "./output.js";

/** Which management interface is spoken to, and how the answer is written. */
export interface ManagementFlags {
  readonly url: URL;
  readonly tokenFile?: string;
  readonly json?: boolean;
}

/** One request to a management interface of DWCP. */
export interface ManagementRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH";
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** What the change is made of, or else refused. */
  readonly etag?: string;
}

/** What it answered. */
export interface ManagementAnswer {
  readonly ok: boolean;
  readonly status: number;
  /** JSON where it is that; otherwise the text. */
  readonly answer: unknown;
  /** Of the configuration, where that was asked for. */
  readonly etag?: string;
}

const TIMEOUT_MS = 30_000;

/** Adds the options that every verb of a management interface has. */
export function addManagementOptions(command: Command): Command {
  return command
    .option("--url <url>", "where it is managed", httpUrl, new URL("http://127.0.0.1:9464"))
    .option("--token-file <file>", "the token that it asks for beyond loopback")
    .option("--json", "write one JSON document")
    .exitOverride();
}

/** Asks a management interface. @throws ControlError `control.unreachable` where there is none */
export async function askManagement(
  { method, path, body, etag }: ManagementRequest,
  { url, tokenFile }: ManagementFlags,
): Promise<ManagementAnswer> {
  const headers = {
    ...(tokenFile === undefined ? {} : { authorization: `Bearer ${readToken(tokenFile)}` }),
    ...(etag === undefined ? {} : { "if-match": `"${etag}"` }),
  };
  try {
    const response = await fetch(new URL(path, url), {
      method,
      headers,
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const { ok, status } = response;
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.startsWith("application/json") === true;
    const answer: unknown = isJson && text !== "" ? JSON.parse(text) : text;
    const named = response.headers.get("etag")?.replaceAll('"', "");
    return { ok, status, answer, ...(named === undefined ? {} : { etag: named }) };
  } catch {
    throw new ControlError(
      "control.unreachable",
      `nothing at ${url.href} answers as a management interface does`,
      "name the --url of a program that serves it",
    );
  }
}

/** What is written of an answer for people. */
export function answerText({ answer }: ManagementAnswer): string {
  if (answer === "") return "done\n";
  return typeof answer === "string" ? answer : `${JSON.stringify(answer, undefined, 2)}\n`;
}

function readToken(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    throw new UsageError(`${file} cannot be read`, "name a file that holds the token");
  }
}

function httpUrl(text: string): URL {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return new URL(text);
  throw new InvalidArgumentError("It must be a URL of http or https.");
}
