import type { Command } from "commander";
import { askNode } from "../control/control-client.js";
import type { PeerReport } from "../control/reports.js";
import { addControlOptions, type ControlFlags, readControlOptions } from "./control-options.js";
import { ExitCode } from "./exit-code.js";
import { createOutput } from "./output.js";
import { formatTable } from "./text-table.js";
import { formatBytes } from "./units.js";

/** Adds `peers`: who is connected to a running node. */
export function addPeers(program: Command, exit: (code: ExitCode) => void): void {
  const command = program.command("peers").description("Tell who is connected to a running node.");
  addControlOptions(command).action(async (flags: ControlFlags) => {
    const peers = await askNode(readControlOptions(flags), (control) => control.peers());
    createOutput(flags.json === true).result({ ok: true, peers }, () => text(peers));
    exit(ExitCode.OK);
  });
}

const heads = ["peer", "host", "sessions", "received", "sent"];

function text(peers: readonly PeerReport[]): string {
  if (peers.length === 0) return "Nobody is connected.\n";
  const rows = peers.map(({ agent, host, sessions, received, sent }) => [
    agent,
    host,
    String(sessions.length),
    formatBytes(received.bytes),
    formatBytes(sent.bytes),
  ]);
  return formatTable(heads, rows, { right: [2, 3, 4] });
}
