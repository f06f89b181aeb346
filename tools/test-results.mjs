// What Jest left in the packages' test-results.json, added up.
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = new URL("../", import.meta.url);

/** Every package and app with tests, and the tested tools. */
export function testedPackages() {
  return ["packages", "apps", "tools"].flatMap((room) =>
    readdirSync(new URL(room, root))
      .map((name) => ({ name, folder: new URL(`${room}/${name}/`, root) }))
      .filter(({ folder }) => existsSync(new URL("test/tsconfig.json", folder))),
  );
}

/** Forgets earlier results, so that nothing stale is counted. */
export function forgetResults(packages) {
  for (const { folder } of packages) rmSync(new URL("test-results.json", folder), { force: true });
}

/** Adds the results of `packages` up; one that left none counts as a failure. */
export function countResults(packages) {
  const notes = /** @type {string[]} */ ([]);
  const counts = { passed: 0, failed: 0, skipped: 0, notes };
  for (const { name, folder } of packages) {
    const file = new URL("test-results.json", folder);
    if (!existsSync(file)) {
      counts.failed += 1;
      counts.notes.push(`failed: ${name} left no test results`);
      continue;
    }
    const results = JSON.parse(readFileSync(file, "utf8"));
    counts.passed += results.numPassedTests;
    counts.failed += results.numFailedTests + results.numRuntimeErrorTestSuites;
    counts.skipped += results.numPendingTests + results.numTodoTests;
    counts.notes.push(...notesOf(name, results));
  }
  return counts;
}

/** Writes the closing line of a run. */
export function closingLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

function notesOf(name, results) {
  return results.testResults.flatMap((file) => {
    const path = fileURLToPath(new URL(`file://${file.name}`)).replace(/^.*\/dist-test\//, "");
    if (file.assertionResults.length === 0 && file.status === "failed") {
      return [`failed: ${name} ${path}: ${String(file.message).trim().split("\n")[0]}`];
    }
    return file.assertionResults
      .filter(({ status }) => status !== "passed")
      .map(
        (each) =>
          `${each.status === "failed" ? "failed" : "skipped"}: ${name} ${path}: ${each.fullName}`,
      );
  });
}
