import { XcpError } from "@proj/xcp-framing";
import type { Command } from "commander";
import { dial } from "../dial.js";
import { codecName } from "../inspect/names.js";
import { median } from "../median.js";
import { within } from "../within.js";
import {
  addDialOptions,
  type DialFlags,
  milliseconds,
  nodeUrl,
  positiveInteger,
  readDialOptions,
} from "./dial-options.js";
import { endWithSignals } from "./end-with-signals.js";
import { ExitCode } from "./exit-code.js";
import { createOutput, type Output } from "./output.js";
import { formatDuration } from "./units.js";

interface PingOptions extends DialFlags {
  readonly count: number;
  readonly interval: number;
  readonly json?: boolean;
}

const help = `
Examples:
  $ reference-node ping xcp://127.0.0.1:9944
  $ reference-node ping xcps://node.example:9944 --ca ca.pem --auth token --count 10 --json
`;

/** Adds `ping`: connects, says what was agreed, and measures the way there and back. */
export function addPing(program: Command, exit: (code: ExitCode) => void): void {
  const command = program
    .command("ping")
    .description("Connect to a node, tell what was agreed, and measure round trips.")
    .argument("<url>", nodeUrl)
    .option("-c, --count <n>", "round trips", positiveInteger, 3)
    .option("-i, --interval <ms>", "pause between them", milliseconds, 200)
    .option("--json", "write one JSON document")
    .addHelpText("after", help);
  addDialOptions(command).action(async (url: string, options: PingOptions) => {
    exit(await ping(url, options));
  });
}

async function ping(url: string, options: PingOptions): Promise<ExitCode> {
  const output = createOutput(options.json === true);
  endWithSignals();
  const { client, connection } = await dial(url, readDialOptions(options, process.env));
  try {
    const { negotiated } = connection;
    const agreed = {
      profile: negotiated.profile,
      codecs: negotiated.codecs.map(codecName),
      codecPolicy: negotiated.codecPolicy,
      maxFrameBytes: negotiated.maxFrameBytes,
      maxMessageBytes: negotiated.maxMessageBytes,
      sharedMemory: negotiated.sharedMem,
      encrypted: negotiated.crypt,
      transport: connection.info.transport,
      secure: connection.info.secure,
      agent: negotiated.peer.agent,
    };
    say(
      output,
      `${url}: ${Object.entries(agreed)
        .map(([name, value]) => `${name} ${String(value)}`)
        .join(", ")}\n`,
    );
    const times: number[] = [];
    for (let i = 0; i < options.count; i++) {
      if (i > 0) await pause(options.interval);
      const us = await within(
        connection.ping(),
        options.timeout,
        () => new XcpError("xcp.timeout", `no answer to a PING within ${options.timeout} ms`),
      );
      times.push(us);
      say(output, `${i + 1}: ${formatDuration(us)}\n`);
    }
    const medianUs = median(times);
    const document = {
      ok: true,
      url,
      agreed,
      roundTripsUs: times.map(Math.round),
      medianUs: Math.round(medianUs),
    };
    output.result(document, () => `median ${formatDuration(medianUs)}\n`);
    return ExitCode.OK;
  } finally {
    await client.close();
  }
}

function say(output: Output, text: string): void {
  if (!output.json) output.result(undefined, () => text);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
