export function fuzzRuns(few) {
  return { numRuns: Number(process.env.FUZZ_RUNS ?? few) };
}
