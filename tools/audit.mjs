// `node tools/audit.mjs`: known vulnerabilities in what the published packages and the app run on, where the registry
// answers such questions; not every mirror does.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const pnpm = fileURLToPath(new URL("pnpm.mjs", import.meta.url));
const { stdout } = spawnSync(process.execPath, [pnpm, "audit", "--prod", "--json"], {
  encoding: "utf8",
  stdio: ["ignore", "pipe", "inherit"],
});

const report = parse(stdout);
if (report?.metadata === undefined) {
  console.log(`audit: not done, the registry gave no report${reason(report)}`);
  process.exit(0);
}
const found = Object.values(report.advisories ?? {});
for (const { severity, module_name: name, title, url } of found) {
  console.log(`audit: ${severity}: ${name}: ${title} ${url}`);
}
console.log(`audit: ${found.length} known vulnerabilities`);
process.exit(found.some(({ severity }) => severity === "high" || severity === "critical") ? 1 : 0);

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function reason(answer) {
  return answer?.error?.code === undefined ? "" : ` (${answer.error.code})`;
}
