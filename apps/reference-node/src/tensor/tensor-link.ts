import { backend } from "@proj/native-io";
import { InvalidArgumentError, type Command } from "commander";
import { type AeronConnection, connectAeron } from "@proj/aeron/node";
import { NoSharedMemory } from "./no-shared-memory.js";

/** Where the streams of a verb are. */
export interface TensorFlags {
  readonly aeronDir?: string;
  readonly allow: readonly string[];
  readonly json?: boolean;
}

/** Adds the options that all verbs of tensor streams share. */
export function addTensorOptions(command: Command): Command {
  return command
    .option(
      "-a, --aeron-dir <path>",
      "the media driver's directory (default: $AERON_DIR, or Aeron's)",
    )
    .option("--allow <path...>", "folders beneath which regions may lie", ["/dev/shm"])
    .option("--json", "write JSON");
}

/** Reads a number of Aeron or of a stream: 32 bits, above 0. */
export function streamNumber(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0 && value < 2 ** 31) return value;
  throw new InvalidArgumentError("Write a whole number from 1 on.");
}

/** How long a media driver may take to answer, in milliseconds. */
const ATTACH_MS = 5_000;

/** Connects to the media driver that is there, for a verb. @throws NoSharedMemory, AeronError */
export async function connectFor({ aeronDir }: TensorFlags): Promise<AeronConnection> {
  if (backend.kind !== "native") throw new NoSharedMemory(backend.reason);
  const timeoutMs = ATTACH_MS;
  return connectAeron(aeronDir === undefined ? { timeoutMs } : { aeronDir, timeoutMs });
}
