import { parseArgs } from "node:util";

/** How much a run measures. */
export interface RunOptions {
  /** Rounds that count. */
  readonly rounds: number;
  /** Length of one peer's turn in a round. */
  readonly roundMs: number;
  /** Length of the warm-up of each peer. */
  readonly warmUpMs: number;
  /** Only cases whose name contains this text. */
  readonly only: string | undefined;
  /** Where the result goes. */
  readonly output: "table" | "json";
  /** Whether cores are kept from sleeping while calls wait. */
  readonly cpus: "kept awake" | "free to sleep";
}

/** Reads the options a bench file is started with. */
export function parseOptions(argv: readonly string[]): RunOptions {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      json: { type: "boolean", default: false },
      quick: { type: "boolean", default: false },
      rounds: { type: "string" },
      "round-ms": { type: "string" },
      case: { type: "string" },
      "let-cpus-sleep": { type: "boolean", default: false },
    },
  });
  const roundMs = positive("--round-ms", values["round-ms"]) ?? (values.quick ? 40 : 200);
  return {
    rounds: positive("--rounds", values.rounds) ?? (values.quick ? 5 : 21),
    roundMs,
    warmUpMs: 5 * roundMs,
    only: values.case,
    output: values.json ? "json" : "table",
    cpus: values["let-cpus-sleep"] ? "free to sleep" : "kept awake",
  };
}

function positive(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new RangeError(`${option} takes a whole number above 0, got ${text}`);
}
