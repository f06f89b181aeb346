// `FUZZ_LOG` names a file that takes one line per property: how many inputs it was tried with.
import { appendFileSync } from "node:fs";
import fc from "fast-check";

fc.configureGlobal({
  ...fc.readConfigureGlobal(),
  reporter(details) {
    appendFileSync(process.env.FUZZ_LOG, `${details.numRuns}\n`);
    if (details.failed) throw new Error(fc.defaultReportMessage(details));
  },
});
