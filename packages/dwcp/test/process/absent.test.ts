import { expect, test } from "@jest/globals";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const program = fileURLToPath(new URL("../support/lifecycle-program.js", import.meta.url));

interface Held {
  readonly kept: readonly string[];
  readonly files: readonly string[];
  readonly threads: number;
}

test("C6: disabled takes no socket, timer, file or thread, and switching on, off and over leaves none behind", async () => {
  const folder = mkdtempSync(join(tmpdir(), "dwcp-absent-"));
  try {
    // It is not stopped: that it ends is part of what is tested.
    const { stdout } = await promisify(execFile)(process.execPath, [
      "--expose-gc",
      program,
      folder,
    ]);
    const { before, disabled, enabled, ...rounds } = JSON.parse(stdout) as Record<string, Held>;
    expect(disabled).toEqual(before);
    expect(
      enabled?.kept.filter((what) => what === "TCPServerWrap" || what === "TCPSocketWrap").length,
    ).toBeGreaterThan(2);
    expect(Object.keys(rounds).length).toBe(4);
    for (const [round, held] of Object.entries(rounds))
      expect([round, held]).toEqual([round, before]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 120_000);
