// Installs and builds what a program of this workspace needs before it runs. Everything it says goes to standard
// error, so that standard output belongs to the program alone.
import { spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = new URL("../", import.meta.url);

/** Brings dependencies and builds of the packages that `filters` select up to date, or ends this process. */
export function ready(...filters) {
  const { status } = spawnSync(
    process.execPath,
    [
      fileURLToPath(new URL("pnpm.mjs", import.meta.url)),
      "run",
      "turbo",
      "run",
      "native",
      "build",
      "--output-logs=errors-only",
      ...filters.map((filter) => `--filter=${filter}`),
    ],
    { cwd: root, stdio: ["ignore", 2, 2] },
  );
  if (status !== 0) process.exit(status ?? 1);
}

/** Runs a Node program in place of this one: its output, its signals, its exit code. */
export function become(args, cwd = root) {
  const child = spawn(process.execPath, args, { cwd, stdio: "inherit" });
  // Ctrl-C reaches the child by itself: this process only waits for it to finish.
  process.on("SIGINT", () => undefined);
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  child.on("exit", (code) => process.exit(code ?? 1));
}
