#!/usr/bin/env node
import { configCommands } from "./config-commands.js";
import { discoveryCommands } from "./discovery-commands.js";
import { driverCommands } from "./driver-commands.js";
import { leaseCommands } from "./lease-commands.js";
import { listenCommands } from "./listen-commands.js";
import { regionCommands } from "./region-commands.js";
import { runTool } from "./run-tool.js";
import { streamCommands } from "./stream-commands.js";

const interrupted = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.once(name, () => {
    interrupted.abort();
  });
}
const commands = [
  ...driverCommands,
  ...leaseCommands,
  ...discoveryCommands,
  ...streamCommands,
  ...listenCommands,
  ...regionCommands,
  ...configCommands,
];
process.exitCode = await runTool("tp_tool", commands, process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  signal: interrupted.signal,
});
