/** How much is said. spec/tensor-pool.md §22, §24 */
export const LogLevel = { error: 0, warn: 1, info: 2, debug: 3, trace: 4 } as const;

/** One of the levels. */
export type LogLevel = (typeof LogLevel)[keyof typeof LogLevel];

/** One line, as data. */
export interface LogLine {
  /** How grave it is. */
  readonly level: LogLevel;
  /** What happened, past tense. */
  readonly event: string;
  /** Numbers and names that belong to it; no payload and no token. */
  readonly details: Readonly<Record<string, string | number | bigint | boolean>>;
  /** Lines of this event that were left out before this one. */
  readonly leftOut: number;
}

/** How a logger is set up. */
export interface LoggerOptions {
  /** What is said at most; by default warnings and errors. */
  readonly level?: LogLevel;
  /** Takes the lines. */
  readonly write: (line: LogLine) => void;
  /** Now, in milliseconds. */
  readonly nowMs: () => number;
  /** How often one event is said at most when it repeats, in milliseconds; by default each second. */
  readonly repeatMs?: number;
}

/** Says what happens, each event of a level that may repeat at most once in a while. */
export class Logger {
  readonly #options: LoggerOptions;
  readonly #level: LogLevel;
  readonly #repeatMs: number;
  readonly #said = new Map<string, { nextMs: number; leftOut: number }>();

  /** Starts silent. */
  constructor(options: LoggerOptions) {
    this.#options = options;
    this.#level = options.level ?? LogLevel.warn;
    this.#repeatMs = options.repeatMs ?? 1_000;
  }

  /** Whether lines of a level are said, for those who would have to work for the details. */
  says(level: LogLevel): boolean {
    return level <= this.#level;
  }

  /** Says something that happens now and then. */
  say(level: LogLevel, event: string, details: LogLine["details"] = {}): void {
    if (this.says(level)) this.#options.write({ level, event, details, leftOut: 0 });
  }

  /** Says something that others can make happen as often as they like. */
  sayLimited(level: LogLevel, event: string, details: LogLine["details"] = {}): void {
    if (!this.says(level)) return;
    const nowMs = this.#options.nowMs();
    const said = this.#said.get(event);
    if (said !== undefined && nowMs < said.nextMs) {
      said.leftOut++;
      return;
    }
    this.#said.set(event, { nextMs: nowMs + this.#repeatMs, leftOut: 0 });
    this.#options.write({ level, event, details, leftOut: said?.leftOut ?? 0 });
  }
}

/** Reads the level of a configuration, `0` to `4`; `undefined` for anything else. */
export function parseLogLevel(text: string): LogLevel | undefined {
  return Object.values(LogLevel).find((level) => String(level) === text.trim());
}
