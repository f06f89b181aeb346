import type { Command } from "commander";
import { ConfigError } from "../config/problem.js";
import { defaultPool } from "../tensor/default-pool.js";
import { readPoolFile } from "../tensor/pool-file.js";
import { startTensorService } from "../tensor/tensor-service.js";
import { ExitCode } from "./exit-code.js";
import { createOutput } from "./output.js";
import { untilSignal } from "./until-signal.js";

interface DriverFlags {
  readonly config?: string;
  readonly aeronDir?: string;
  readonly check?: boolean;
  readonly json?: boolean;
}

const help = `
Without --config clients may have any stream from 20000 to 29999, with frames up to 1 MiB. Single keys can be overridden
by the environment: DRIVER_CONTROL_STREAM_ID is driver.control_stream_id.

The first SIGINT or SIGTERM tells clients and ends after policies.shutdown_timeout_ms.
`;

/** Adds `tensor driver`: the driver of tensor pools and discovery, by themselves. */
export function addTensorDriver(tensor: Command, exit: (code: ExitCode) => void): void {
  tensor
    .command("driver")
    .description("Run the driver of tensor pools, discovery, and a media driver where none lives.")
    .option("-c, --config <file>", "TOML configuration of the pools")
    .option("-a, --aeron-dir <path>", "the media driver's directory")
    .option("--check", "check the configuration, listing every error, and exit")
    .option("--json", "write one JSON document once it is ready")
    .addHelpText("after", help)
    .action(async (flags: DriverFlags) => {
      exit(await runDriver(flags));
    });
}

async function runDriver(flags: DriverFlags): Promise<ExitCode> {
  const output = createOutput(flags.json === true);
  const read =
    flags.config === undefined
      ? { config: defaultPool(), warnings: [] }
      : readPoolFile(flags.config, process.env);
  if ("problems" in read) throw new ConfigError(read.problems);
  const { config, warnings } = read;
  for (const warning of warnings) process.stderr.write(`${warning}\n`);
  if (flags.check === true) {
    output.result({ ok: true, config, warnings }, () => "The configuration is right.\n");
    return ExitCode.OK;
  }
  const service = await startTensorService({
    config,
    aeronDir: flags.aeronDir,
    onEvent: (event) => {
      if (event.kind === "regionsRefused") process.stderr.write(`${event.message}\n`);
    },
  });
  const over = new AbortController();
  const stopped = untilSignal(over.signal);
  const { aeronDir, mediaDriver } = service.media;
  output.result({ ok: true, pid: process.pid, aeronDir, mediaDriver }, () =>
    [
      `media driver ${mediaDriver} in ${aeronDir}`,
      `pools in ${config.shm.base_dir}, namespace ${config.shm.namespace}`,
      "",
    ].join("\n"),
  );
  const reason = await Promise.race([stopped.then(() => undefined), service.lost]);
  over.abort();
  await service.close();
  if (reason === undefined) return ExitCode.OK;
  process.stderr.write(`the media driver is gone: ${reason.message}\n`);
  return ExitCode.FAILURE;
}
