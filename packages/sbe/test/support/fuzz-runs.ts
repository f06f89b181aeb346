/** How many inputs fast-check tries on a property: `FUZZ_RUNS`, or a few. */
export function fuzzRuns(few: number): { readonly numRuns: number } {
  return { numRuns: Number(process.env["FUZZ_RUNS"] ?? few) };
}
