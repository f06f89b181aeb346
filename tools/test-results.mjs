// What Jest left in the packages' test-results.json, added up.
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";

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
    const skipped = results.numPendingTests + results.numTodoTests;
    const silent = results.testResults.flatMap((each) => each.assertionResults.filter(isSilent));
    counts.failed += results.numFailedTests + results.numRuntimeErrorTestSuites + silent.length;
    counts.skipped += skipped - silent.length;
    counts.notes.push(...notesOf(name, results));
  }
  return counts;
}

/**
 * Whether a test was left out without saying what it needs: by a forgotten `skip`, `only` or `todo`. Counts as a failure,
 * or the tests would pass although some of them did not run.
 */
function isSilent({ status, title }) {
  return status !== "passed" && status !== "failed" && !/^needs .+?: /.test(title);
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
      .map((each) => {
        const what = each.status === "failed" || isSilent(each) ? "failed" : "skipped";
        return `${what}: ${name} ${path}: ${each.fullName}${reasonOf(each)}`;
      });
  });
}

/** What a failed test said and where it said it, on the same line: often nothing else of a long run is kept. */
function reasonOf(each) {
  if (isSilent(each)) return ` (${each.status}, and does not say what it needs)`;
  const lines = stripVTControlCharacters(each.failureMessages?.[0] ?? "")
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
  const place = lines.find((line) => /^at .*[/\\](dist-test|test)[/\\]/.test(line));
  const said = lines.filter((line) => !line.startsWith("at ")).slice(0, 6);
  return [...said, place ?? ""]
    .filter(Boolean)
    .map((line) => ` | ${line}`)
    .join("")
    .slice(0, 800);
}
