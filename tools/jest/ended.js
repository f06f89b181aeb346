// Ends a run whose tests are over and whose process is not: something is left open, or still runs. Without it one
// forgotten socket, or a loop that outlives its failed test, would keep everything after it waiting for ever.
const graceMs = 20_000;

export default class {
  onRunComplete(_contexts, { numFailedTests }) {
    const late = setTimeout(() => {
      const why = numFailedTests > 0 ? "a failed test may have left it" : "a test did not close it";
      console.error(`The tests are over, and something is still open after 20 s: ${why}.`);
      process.exit(1);
    }, graceMs);
    late.unref();
  }
}
