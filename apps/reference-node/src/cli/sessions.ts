import type { Command } from "commander";
import { askNode } from "../control/control-client.js";
import type { SessionReport } from "../control/reports.js";
import { addControlOptions, type ControlFlags, readControlOptions } from "./control-options.js";
import { positiveInteger } from "./dial-options.js";
import { ExitCode } from "./exit-code.js";
import { createOutput } from "./output.js";
import { formatTable } from "./text-table.js";
import { formatBytes, formatDuration } from "./units.js";

interface SessionsFlags extends ControlFlags {
  readonly close?: number;
}

/** Adds `sessions`: the XCP sessions of a running node, and the end of one. */
export function addSessions(program: Command, exit: (code: ExitCode) => void): void {
  const command = program
    .command("sessions")
    .description("Tell the open XCP sessions of a running node, or end one.")
    .option("--close <id>", "end this session in order", positiveInteger);
  addControlOptions(command).action(async (flags: SessionsFlags) => {
    await (flags.close === undefined ? list(flags) : close(flags, flags.close));
    exit(ExitCode.OK);
  });
}

async function list(flags: SessionsFlags): Promise<void> {
  const sessions = await askNode(readControlOptions(flags), (control) => control.sessions());
  createOutput(flags.json === true).result({ ok: true, sessions }, () => text(sessions));
}

async function close(flags: SessionsFlags, id: number): Promise<void> {
  await askNode(readControlOptions(flags), (control) => control.session(id).close());
  createOutput(flags.json === true).result({ ok: true, closed: id }, () => `closed ${id}\n`);
}

const heads = ["id", "peer", "address", "over", "protected", "age", "received", "sent", "waiting"];

function text(sessions: readonly SessionReport[]): string {
  if (sessions.length === 0) return "No session is open.\n";
  const rows = sessions.map((session) => [
    String(session.id),
    session.agent,
    session.address,
    session.transport,
    protection(session),
    formatDuration(session.ageMs * 1000),
    formatBytes(session.received.bytes),
    formatBytes(session.sent.bytes),
    formatBytes(session.queuedBytes),
  ]);
  return formatTable(heads, rows, { right: [0, 5, 6, 7, 8] });
}

function protection({ secure, encrypted }: SessionReport): string {
  if (secure) return encrypted ? "TLS, XCP" : "TLS";
  return encrypted ? "XCP" : "no";
}
