import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "@proj/aeron";
import { connectAeron } from "@proj/aeron/node";
import type { OptionSpec, ToolContext } from "./tool-command.js";

/** The options by which a tool finds its Aeron driver. */
export const AERON_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  "aeron-dir": { type: "string", short: "a", help: "Aeron's directory (default $AERON_DIR)" },
};

/** The options by which a tool that listens ends. */
export const END_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  for: { type: "string", help: "end after so many milliseconds (default: when interrupted)" },
  count: { type: "string", short: "n", help: "end after so many messages or frames" },
};

/** Connects, and leaves again when `use` is done. @throws AeronError */
export async function withClient<T>(
  { values }: Pick<ToolContext, "values">,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const aeronDir = values.text("aeron-dir");
  const connection = await connectAeron({
    timeoutMs: 2_000,
    ...(aeronDir === undefined ? {} : { aeronDir }),
  });
  try {
    return await use(connection.client);
  } finally {
    connection.close();
  }
}

/** Calls `turn` until it has had enough, the time is over, or somebody interrupts. */
export async function turnUntil(
  { signal }: Pick<ToolContext, "signal">,
  durationMs: number,
  turn: () => boolean,
): Promise<void> {
  const endMs = performance.now() + durationMs;
  while (!signal.aborted && performance.now() < endMs && !turn()) await sleep(1);
}
