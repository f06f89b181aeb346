/** How many inputs fast-check tries on a property: `FUZZ_RUNS`, or `few`. */
export function fuzzRuns(few: number): { readonly numRuns: number };
