import { doctor, type DoctorRow } from "@proj/native-io";
import type { Command } from "commander";
import { nodeFacts } from "../node-facts.js";
import { ExitCode } from "./exit-code.js";
import { createOutput } from "./output.js";
import { formatTable } from "./text-table.js";

/** Adds `doctor`: what this machine lends to the protocols, and what a missing thing costs. */
export function addDoctor(program: Command, exit: (code: ExitCode) => void): void {
  program
    .command("doctor")
    .description("Tell what this machine lends to the node, and what a missing thing costs.")
    .option("--json", "write one JSON document")
    .action(async (options: { json?: boolean }) => {
      const rows = [...doctor(), ...(await nodeFacts())];
      createOutput(options.json === true).result({ ok: true, rows }, () => table(rows));
      exit(ExitCode.OK);
    });
}

function table(rows: readonly DoctorRow[]): string {
  const body = rows.map(({ name, value, ok, cost }) => [ok ? "ok" : "--", name, value, cost ?? ""]);
  return formatTable(["", "what", "found", "what it costs"], body);
}
