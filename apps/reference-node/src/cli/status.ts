import type { Command } from "commander";
import { askNode } from "../control/control-client.js";
import type { NodeHealth } from "../control/reports.js";
import { addControlOptions, type ControlFlags, readControlOptions } from "./control-options.js";
import { ExitCode } from "./exit-code.js";
import { createOutput } from "./output.js";
import { formatDuration } from "./units.js";

/** Adds `status`: how a running node is. */
export function addStatus(program: Command, exit: (code: ExitCode) => void): void {
  const command = program.command("status").description("Tell how a running node is.");
  addControlOptions(command).action(async (flags: ControlFlags) => {
    const health = await askNode(readControlOptions(flags), (control) => control.health());
    createOutput(flags.json === true).result({ ok: true, health }, () => text(health));
    exit(ExitCode.OK);
  });
}

function text(health: NodeHealth): string {
  const rows = [
    ["state", health.state],
    ["name", health.name],
    ["version", `${health.version} on Node ${health.runtime}`],
    ["backend", health.backend],
    ["process", String(health.pid)],
    ["up for", formatDuration(health.uptimeMs * 1000)],
    ["listening", health.listening.join(", ")],
    ["admin", health.admin ?? "off"],
  ];
  return rows.map(([name = "", value = ""]) => `${name.padEnd(10)}${value}\n`).join("");
}
