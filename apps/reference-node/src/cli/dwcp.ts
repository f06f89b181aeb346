import type { Command } from "commander";
import { positiveInteger } from "./dial-options.js";
import { addDwcpConfig } from "./dwcp-config.js";
import { addDwcpInspect } from "./dwcp-inspect.js";
import { ExitCode } from "./exit-code.js";
import {
  addManagementOptions,
  answerText,
  askManagement,
  type ManagementFlags,
  type ManagementRequest,
} from "./management-client.js";
import { createOutput } from "./output.js";

interface Verb {
  readonly description: string;
  /** What the number that it takes names; it takes none when absent. */
  readonly of?: "transfer" | "migration";
  readonly request: (id: number | undefined) => ManagementRequest;
}

const verbs: Readonly<Record<string, Verb>> = {
  health: get("/health/ready", "whether it runs, and what is wrong"),
  live: get("/health/live", "whether it lives, though it may not be ready"),
  metrics: get("/metrics", "what it has counted, as Prometheus reads it"),
  transfers: get("/transfers", "transfers under way"),
  sessions: get("/sessions", "what went between the node and its peers"),
  streams: get("/streams", "every stream of every session"),
  migrations: get("/migrations", "live migrations that are not over"),
  baselines: get("/baselines", "states that are kept to send the next ones against"),
  dictionaries: get("/dictionaries", "dictionaries that were trained or came from peers"),
  objects: get("/objects", "what was received"),
  pause: steer("transfer", "pause", "hold a transfer"),
  continue: steer("transfer", "continue", "let a held transfer go on"),
  cancel: steer("transfer", "cancel", "end a transfer"),
  "cancel-migration": steer("migration", "cancel", "end a migration; its source runs on"),
  prune: post("/baselines/prune", "remove kept states that are too old or too many"),
  train: post("/dictionaries/train", "train dictionaries of the samples at hand"),
};

/** Adds `dwcp`: looks at a program that serves the management interface of DWCP, and steers it. */
export function addDwcp(program: Command, exit: (code: ExitCode) => void): void {
  const dwcp = program
    .command("dwcp")
    .description("Look at a program that serves DWCP's management interface, and steer it.");
  addDwcpInspect(dwcp, exit);
  addDwcpConfig(dwcp, exit);
  for (const [name, { description, of, request }] of Object.entries(verbs)) {
    const command = addManagementOptions(dwcp.command(name).description(description));
    if (of !== undefined) command.argument("<id>", `which ${of}`, positiveInteger);
    command.action(async (...given: readonly unknown[]) => {
      const id = of === undefined ? undefined : (given[0] as number);
      exit(await run(request(id), command.opts<ManagementFlags>()));
    });
  }
}

async function run(request: ManagementRequest, flags: ManagementFlags): Promise<ExitCode> {
  const answer = await askManagement(request, flags);
  createOutput(flags.json === true).result(answer, () => answerText(answer));
  return answer.ok ? ExitCode.OK : ExitCode.FAILURE;
}

function get(path: string, description: string): Verb {
  return { description, request: () => ({ method: "GET", path }) };
}

function post(path: string, description: string): Verb {
  return { description, request: () => ({ method: "POST", path }) };
}

function steer(of: "transfer" | "migration", verb: string, description: string): Verb {
  const request = (id: number | undefined): ManagementRequest => {
    return { method: "POST", path: `/${of}s/${id ?? ""}/${verb}` };
  };
  return { description, of, request };
}
