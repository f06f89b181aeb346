// `npm run bench -- <name> [options]`: builds what the benchmark needs, then runs it.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { become, ready } from "./ready.mjs";

const root = new URL("../", import.meta.url);
const usage = `npm run bench -- <name> [options]

  <name>            a benchmark of the list, or <package>/<name> where two packages have one of that name
  --list            every benchmark and what it asks
${runOptions()}  --help            this text; nothing is built for it
`;

const benches = ["packages", "apps"].flatMap((room) =>
  readdirSync(new URL(room, root))
    .map((name) => ({ name, folder: new URL(`${room}/${name}/`, root) }))
    .filter(({ folder }) => existsSync(new URL("bench/", folder)))
    .flatMap(({ name, folder }) =>
      readdirSync(new URL("bench/", folder))
        .filter((file) => file.endsWith(".ts"))
        .map((file) => ({ package: name, name: basename(file, ".ts"), folder }))
        .filter((bench) => source(bench).includes("runSuite(")),
    ),
);

const [wanted, ...options] = process.argv.slice(2);
if (wanted === undefined || [wanted, ...options].some(isHelp)) leave(0, usage);
if (wanted === "--list") leave(0, list());

const found = benches.filter(
  (bench) => bench.name === wanted || `${bench.package}/${bench.name}` === wanted,
);
if (found.length !== 1) {
  const why =
    found.length === 0 ? "no benchmark is called" : "several packages have a benchmark called";
  leave(2, `${why} ${wanted}; there are:\n\n${list()}`);
}
const [bench] = found;

ready("@proj/native-io", `./${bench.folder.pathname.split("/").slice(-3, -1).join("/")}...`);
const program = fileURLToPath(new URL(`dist-bench/${bench.name}.js`, bench.folder));
become(["--expose-gc", program, ...options], bench.folder);

function isHelp(option) {
  return option === "--help" || option === "-h";
}

/** What every benchmark takes. Read from the source, since nothing may be built yet. */
function runOptions() {
  const text = readFileSync(new URL("tools/bench/src/options.ts", root), "utf8");
  return /USAGE = `\n([^`]*)`/.exec(text)[1];
}

function source({ name, folder }) {
  return readFileSync(new URL(`bench/${name}.ts`, folder), "utf8");
}

function list() {
  return benches
    .map((each) => {
      const question = /question:\s*"([^"]*)"/.exec(source(each))?.[1] ?? "";
      return `  ${`${each.package}/${each.name}`.padEnd(36)} ${question}\n`;
    })
    .join("");
}

function leave(code, text) {
  (code === 0 ? process.stdout : process.stderr).write(text);
  process.exit(code);
}
