// `node tools/packed.mjs [name]…`: packs the built public packages, installs each one alone in an empty project, as its
// users do, and runs the example of its README there. Ends with a line that counts examples like tests.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readmeExample } from "./jest/readme-example.js";
import { closingLine } from "./test-results.mjs";

const windows = process.platform === "win32";
const npm = windows ? "npm.cmd" : "npm";
const pnpm = fileURLToPath(new URL("pnpm.mjs", import.meta.url));
const packages = publicPackages();
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => packages.every((each) => each.name !== `@proj/${name}`));
if (unknown.length > 0) {
  console.error(`no public package is called ${unknown.join(", ")}`);
  process.exit(1);
}
const wanted = packages.filter(
  ({ name }) => asked.length === 0 || asked.includes(name.slice("@proj/".length)),
);

const work = mkdtempSync(join(tmpdir(), "proj-packed-"));
const total = { passed: 0, failed: 0, skipped: 0 };
try {
  const tarballs = pack();
  for (const each of wanted) {
    const fault = faultOf(each, tarballs);
    total[fault === undefined ? "passed" : "failed"] += 1;
    console.log(fault === undefined ? `ok: ${each.name}` : `failed: ${each.name}: ${fault}`);
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
console.log(closingLine(total));
process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1);

/** The packages that are published, with their folders. */
function publicPackages() {
  const room = fileURLToPath(new URL("../packages/", import.meta.url));
  return readdirSync(room)
    .map((name) => join(room, name))
    .map((folder) => ({
      folder,
      ...JSON.parse(readFileSync(join(folder, "package.json"), "utf8")),
    }))
    .filter((each) => each.private !== true);
}

/** Packs them all: one needs the others that it depends on. Gives the path of a tarball by package name. */
function pack() {
  return Object.fromEntries(
    packages.map(({ name, folder, version }) => {
      run(process.execPath, [pnpm, "pack", "--pack-destination", work], folder);
      return [name, join(work, `${name.slice(1).replace("/", "-")}-${version}.tgz`)];
    }),
  );
}

/** Installs one package alone and runs its example; what went wrong, if anything did. */
function faultOf({ name, folder }, tarballs) {
  const project = join(work, name.replace("/", "-"));
  mkdirSync(project);
  const { [name]: own, ...others } = tarballs;
  const manifest = { private: true, dependencies: { [name]: `file:${own}` } };
  // Its dependencies among these packages come from their tarballs too: the registry may not have this version yet.
  const overrides = Object.fromEntries(
    Object.entries(others).map(([to, at]) => [to, `file:${at}`]),
  );
  writeFileSync(join(project, "package.json"), JSON.stringify({ ...manifest, overrides }));
  const { code, promised } = readmeExample(readFileSync(join(folder, "README.md"), "utf8"));
  writeFileSync(join(project, "example.mjs"), code);
  try {
    run(
      npm,
      ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"],
      project,
    );
    const printed = run(process.execPath, ["example.mjs"], project);
    // Where an example prints what the machine is like, it promises nothing.
    return promised === "" || printed === promised
      ? undefined
      : `its README's example printed\n${printed}`;
  } catch (error) {
    return error.message;
  }
}

function run(command, args, cwd) {
  const options = { cwd, encoding: "utf8", shell: windows && command === npm, timeout: 300_000 };
  const { status, stdout, stderr, error } = spawnSync(command, args, options);
  if (status === 0) return stdout;
  throw new Error(`${command} ${args[0]} failed: ${error?.message ?? stderr.trim()}`);
}
