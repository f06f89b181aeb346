import { inspectBaselines, type InspectedBaseline, nodeHdePlatform } from "@proj/dwcp/node";
import type { Command } from "commander";
import { ExitCode } from "./exit-code.js";
import { createOutput, UsageError } from "./output.js";
import { formatTable } from "./text-table.js";
import { formatBytes } from "./units.js";

/** Adds `dwcp inspect`: what a folder of kept states holds, without any program that serves it. */
export function addDwcpInspect(dwcp: Command, exit: (code: ExitCode) => void): void {
  dwcp
    .command("inspect")
    .description("What a folder of kept states holds; every byte is checked, nothing is changed.")
    .argument("<folder>", "where states are kept")
    .option("--json", "write one JSON document")
    .exitOverride()
    .action(async (folder: string, flags: { readonly json?: boolean }) => {
      exit(await inspect(folder, flags.json === true));
    });
}

async function inspect(folder: string, json: boolean): Promise<ExitCode> {
  const baselines = await look(folder);
  const ok = baselines.every(({ state }) => state === "sound");
  createOutput(json).result({ ok, folder, baselines }, () => textOf(baselines));
  return ok ? ExitCode.OK : ExitCode.FAILURE;
}

async function look(folder: string): Promise<readonly InspectedBaseline[]> {
  try {
    return await inspectBaselines(folder, await nodeHdePlatform());
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(`${folder} cannot be read: ${reason}`, "name a folder of kept states");
  }
}

function textOf(baselines: readonly InspectedBaseline[]): string {
  if (baselines.length === 0) return "nothing is kept here\n";
  const rows = baselines.map(({ key, generation, length, chainLength, state, id, writtenMs }) => [
    key ?? "?",
    generation === undefined ? "?" : String(generation),
    formatBytes(length),
    String(chainLength),
    new Date(writtenMs).toISOString(),
    state,
    id,
  ]);
  const heads = ["key", "generation", "size", "chain", "written", "state", "content id"];
  return formatTable(heads, rows, { right: [1, 2, 3] });
}
