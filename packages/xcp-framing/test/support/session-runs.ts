/** Times a test repeats a whole session: each counts for many of the inputs that `FUZZ_RUNS` asks for. */
export function sessionRuns(few: number, inputsEach: number): number {
  const asked = Number(process.env["FUZZ_RUNS"] ?? 0) / inputsEach;
  return Math.max(few, Math.floor(asked));
}

/** Milliseconds that a test of many sessions may take. */
export const SESSION_TEST_MS = 1_800_000;
