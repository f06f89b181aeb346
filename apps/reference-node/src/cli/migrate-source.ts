import { DutyCycle, type MigrationSource } from "@proj/dwcp";
import {
  ImageFileSource,
  type ImageWriter,
  QemuSource,
  QemuSwitch,
  QmpMonitor,
} from "@proj/dwcp/node";
import { systemTime } from "@proj/wire-types/system";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { UsageError } from "./output.js";

/** What says which source is moved, and who stops it. */
export interface MigrateSourceOptions {
  readonly qmp?: string;
  readonly pause?: string;
  readonly resume?: string;
  readonly throttle?: string;
  readonly timeout: number;
}

/** What is moved; closed by whoever opened it. */
export interface OpenedSource {
  readonly source: MigrationSource;
  close(): Promise<void>;
}

/**
 * Opens what is moved: an image that commands or a monitor stop, or without an image the memory of the monitor's machine.
 *
 * @throws UsageError where options are missing, or exclude each other
 */
export async function openMigrateSource(
  image: string | undefined,
  options: MigrateSourceOptions,
): Promise<OpenedSource> {
  const { qmp: path, timeout: timeoutMs } = options;
  const commands = [options.pause, options.resume, options.throttle];
  if (path === undefined) {
    if (image === undefined) {
      throw new UsageError("nothing says what is moved", "name an image, or a machine by --qmp");
    }
    return withClose(await ImageFileSource.open(image, commandsOf(options)));
  }
  if (commands.some((command) => command !== undefined)) {
    throw new UsageError("--qmp stops the machine already", "leave the other commands out");
  }
  const monitor = await QmpMonitor.connect({ path, timeoutMs });
  const rest = () => monitor.close();
  try {
    if (image === undefined) return withClose(await QemuSource.open(monitor), rest);
    const writer = new DutyCycle(new QemuSwitch(monitor), systemTime);
    return withClose(await ImageFileSource.open(image, writer), () => {
      writer.close();
      rest();
    });
  } catch (error) {
    rest();
    throw error;
  }
}

function withClose(
  source: MigrationSource & { close(): Promise<void> },
  rest: () => void = () => undefined,
): OpenedSource {
  return { source, close: () => source.close().finally(rest) };
}

function commandsOf({ pause, resume, throttle }: MigrateSourceOptions): ImageWriter {
  if (pause === undefined || resume === undefined) {
    throw new UsageError(
      "nothing says how whoever writes is stopped",
      "give --pause and --resume, or --qmp",
    );
  }
  return {
    pause: () => runCommand(pause, {}),
    resume: () => runCommand(resume, {}),
    ...(throttle === undefined
      ? {}
      : {
          throttle: (share: number) =>
            runCommand(throttle, { REFERENCE_NODE_SHARE: String(share) }),
        }),
  };
}

async function runCommand(command: string, more: Readonly<Record<string, string>>): Promise<void> {
  const env = { ...process.env, ...more };
  const child = spawn(command, { shell: true, stdio: ["ignore", 2, 2], env });
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new UsageError(`${command} ended with ${code}`, "correct the command");
}
