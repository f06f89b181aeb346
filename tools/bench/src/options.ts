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

/** What the options of a bench file are, for people. */
export const USAGE = `
  --json            one JSON document on standard output instead of tables
  --quick           a few short rounds: to see that it runs, not to quote
  --rounds <n>      rounds that count (default 21)
  --round-ms <n>    length of one peer's turn in a round (default 200)
  --case <text>     only the cases whose name contains <text>
  --let-cpus-sleep  no spinners on idle cores while calls wait
`;

/** What a command line asks for. */
export type Asked =
  /** A run. */
  | { readonly kind: "run"; readonly options: RunOptions }
  /** To be told the options. */
  | { readonly kind: "help" }
  /** Something that there is not. */
  | { readonly kind: "wrong"; readonly why: string };

/** Reads the options a bench file is started with. */
export function parseOptions(argv: readonly string[]): Asked {
  try {
    return readOptions(argv);
  } catch (error) {
    // What `parseArgs` and `positive` throw says what is wrong with the command line.
    return { kind: "wrong", why: error instanceof Error ? error.message : String(error) };
  }
}

function readOptions(argv: readonly string[]): Asked {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      help: { type: "boolean", short: "h", default: false },
      json: { type: "boolean", default: false },
      quick: { type: "boolean", default: false },
      rounds: { type: "string" },
      "round-ms": { type: "string" },
      case: { type: "string" },
      "let-cpus-sleep": { type: "boolean", default: false },
    },
  });
  if (values.help) return { kind: "help" };
  const roundMs = positive("--round-ms", values["round-ms"]) ?? (values.quick ? 40 : 200);
  const options: RunOptions = {
    rounds: positive("--rounds", values.rounds) ?? (values.quick ? 5 : 21),
    roundMs,
    warmUpMs: 5 * roundMs,
    only: values.case,
    output: values.json ? "json" : "table",
    cpus: values["let-cpus-sleep"] ? "free to sleep" : "kept awake",
  };
  return { kind: "run", options };
}

function positive(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new RangeError(`${option} takes a whole number above 0, got ${text}`);
}
