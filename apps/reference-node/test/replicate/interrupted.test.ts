import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { describeWith } from "@proj/peers";
import { until } from "@proj/wire-types/testing";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { estimate } from "#src/replicate/estimate.js";
import { main } from "../support/cli.js";
import { type TempFolder, tempFolder } from "../support/temp-folder.js";

let folder: TempFolder;

beforeEach(() => {
  folder = tempFolder();
});

afterEach(() => {
  folder.remove();
});

test("an estimate that nobody wants any more stops with its reason", async () => {
  const source = folder.write("image", "");
  // Holes: they take far longer to read than to wait for.
  truncateSync(source, 2 ** 36);
  const over = AbortSignal.timeout(100);
  await expect(
    estimate(source, undefined, { level: 3, algorithm: "auto" }, over),
  ).rejects.toMatchObject({ name: "TimeoutError" });
});

// Where Node backs up by itself no program is asked.
const sqlite: string = "node:sqlite";
const hasBackup = await import(sqlite).then(
  (module: object) => "backup" in module,
  () => false,
);
const program = { name: "a backup by the program sqlite3" };

describeWith(
  "of a database",
  hasBackup ? { ...program, lack: "this Node backs up by itself" } : { ...program, found: true },
  () => {
    test("a backup that is interrupted is over at once, and its program with it", async () => {
      const programs = join(folder.path, "programs");
      const pidFile = join(folder.path, "pid");
      mkdirSync(programs);
      const tell = `echo $$ > ${pidFile}.draft && mv ${pidFile}.draft ${pidFile}`;
      const script = `#!/bin/sh\n${tell}\nexec sleep 600\n`;
      writeFileSync(join(programs, "sqlite3"), script, { mode: 0o755 });
      const key = join(folder.path, "key");
      writeFileSync(key, "0".repeat(64), { mode: 0o600 });
      const source = folder.write("shop.db", "");
      const line = [
        "replicate",
        source,
        "--as",
        "sqlite",
        "--to",
        "dwcp://127.0.0.1:1",
        "--dry-run",
      ];
      const more = ["--key", key, "--state", join(folder.path, "state")];
      const child = spawn(process.execPath, [main, ...line, ...more], {
        stdio: "ignore",
        env: { ...process.env, PATH: `${programs}:${process.env["PATH"] ?? ""}` },
      });
      await until(() => existsSync(pidFile), "the program");
      child.kill("SIGINT");
      expect(await once(child, "close")).toEqual([128 + constants.signals.SIGINT, null]);
      const pid = Number(readFileSync(pidFile, "utf8"));
      expect(() => process.kill(pid, 0)).toThrow("ESRCH");
    });
  },
);
