import { type Command, InvalidArgumentError } from "commander";
import { readFileSync } from "node:fs";
import { ControlError } from "../control/control-error.js";
import { positiveInteger } from "./dial-options.js";
import { addDwcpInspect } from "./dwcp-inspect.js";
import { ExitCode } from "./exit-code.js";
import { createOutput, UsageError } from "./output.js";

interface DwcpFlags {
  readonly url: URL;
  readonly tokenFile?: string;
  readonly json?: boolean;
}

interface Verb {
  readonly method: "GET" | "POST";
  readonly path: (id: number | undefined) => string;
  readonly description: string;
  readonly takesId?: true;
}

const TIMEOUT_MS = 30_000;

const verbs: Readonly<Record<string, Verb>> = {
  health: get("/health/ready", "whether it runs, and what is wrong"),
  config: get("/config", "the configuration in force"),
  transfers: get("/transfers", "transfers under way"),
  sessions: get("/sessions", "what went between the node and its peers"),
  streams: get("/streams", "every stream of every session"),
  migrations: get("/migrations", "live migrations that are not over"),
  baselines: get("/baselines", "states that are kept to send the next ones against"),
  dictionaries: get("/dictionaries", "dictionaries that were trained or came from peers"),
  pause: steer("pause", "hold a transfer"),
  continue: steer("continue", "let a held transfer go on"),
  cancel: steer("cancel", "end a transfer"),
  prune: post("/baselines/prune", "remove kept states that are too old or too many"),
  train: post("/dictionaries/train", "train dictionaries of the samples at hand"),
};

/** Adds `dwcp`: looks at a program that serves the management interface of DWCP, and steers it. */
export function addDwcp(program: Command, exit: (code: ExitCode) => void): void {
  const dwcp = program
    .command("dwcp")
    .description("Look at a program that serves DWCP's management interface, and steer it.");
  addDwcpInspect(dwcp, exit);
  for (const [name, verb] of Object.entries(verbs)) {
    const command = dwcp
      .command(name)
      .description(verb.description)
      .option("--url <url>", "where it is managed", httpUrl, new URL("http://127.0.0.1:9464"))
      .option("--token-file <file>", "the token that it asks for beyond loopback")
      .option("--json", "write one JSON document")
      .exitOverride();
    if (verb.takesId === true) command.argument("<id>", "which transfer", positiveInteger);
    command.action(async (...given: readonly unknown[]) => {
      const id = verb.takesId === true ? (given[0] as number) : undefined;
      exit(await run(verb, id, command.opts<DwcpFlags>()));
    });
  }
}

async function run(verb: Verb, id: number | undefined, flags: DwcpFlags): Promise<ExitCode> {
  const { ok, status, text, answer } = await ask(verb, id, flags);
  const document = { ok, status, answer };
  createOutput(flags.json === true).result(
    document,
    () => `${text === "" ? "done" : JSON.stringify(answer, undefined, 2)}\n`,
  );
  return ok ? ExitCode.OK : ExitCode.FAILURE;
}

interface Answer {
  readonly ok: boolean;
  readonly status: number;
  readonly text: string;
  readonly answer: unknown;
}

async function ask(verb: Verb, id: number | undefined, flags: DwcpFlags): Promise<Answer> {
  const headers = authorization(flags.tokenFile);
  try {
    const response = await fetch(new URL(verb.path(id), flags.url), {
      method: verb.method,
      headers,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const { ok, status } = response;
    const text = await response.text();
    return { ok, status, text, answer: text === "" ? {} : JSON.parse(text) };
  } catch {
    throw new ControlError(
      "control.unreachable",
      `nothing at ${flags.url.href} answers as a management interface does`,
      "name the --url of a program that serves it",
    );
  }
}

function authorization(file: string | undefined): Record<string, string> {
  if (file === undefined) return {};
  try {
    return { authorization: `Bearer ${readFileSync(file, "utf8").trim()}` };
  } catch {
    throw new UsageError(`${file} cannot be read`, "name a file that holds the token");
  }
}

function get(path: string, description: string): Verb {
  return { method: "GET", path: () => path, description };
}

function post(path: string, description: string): Verb {
  return { method: "POST", path: () => path, description };
}

function steer(verb: string, description: string): Verb {
  return {
    method: "POST",
    path: (id) => `/transfers/${id ?? ""}/${verb}`,
    description,
    takesId: true,
  };
}

function httpUrl(text: string): URL {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return new URL(text);
  throw new InvalidArgumentError("It must be a URL of http or https.");
}
