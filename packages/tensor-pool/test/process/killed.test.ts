import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "@jest/globals";
import { startEmbeddedDriver } from "@proj/aeron/node";
import { describeWith } from "@proj/peers";
import { SeededRandom, uniform } from "@proj/wire-types";
import { until } from "@proj/wire-types/testing";
import { native } from "../support/native.js";

const program = join(import.meta.dirname, "../support/tensor-party.js");
/** Kills of each role; TENSOR_KILLS runs more. */
const rounds = Number(process.env["TENSOR_KILLS"] ?? 2);

type Role = "driver" | "writer" | "reader";

describeWith("parties that are killed", native, () => {
  test("the others go on, no torn frame is accepted, and nothing stays behind", async () => {
    const seed = Number(process.env["TENSOR_SEED"] ?? 1);
    const random = new SeededRandom(seed);
    const aeronDir = `/dev/shm/tensor-killed-aeron-${process.pid}`;
    const baseDir = `/dev/shm/tensor-killed-${process.pid}`;
    mkdirSync(baseDir, { mode: 0o700 });
    const media = await startEmbeddedDriver({ aeronDir });
    const parties = new Map<string, { child: ChildProcess; lines: string[] }>();
    const begin = (name: string): void => {
      const role = name.replace(/\d$/, "");
      const child = spawn(process.execPath, [program, role, aeronDir, baseDir], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const lines: string[] = [];
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        lines.push(...text.trim().split("\n"));
      });
      parties.set(name, { child, lines });
    };
    const said = async (name: string, what: string): Promise<void> => {
      const lines = parties.get(name)?.lines ?? [];
      for (let waited = 0; !lines.some((line) => line.startsWith(what)); waited++) {
        if (waited > 6_000)
          throw new Error(`seed ${seed}: ${name} never said ${what}: ${lines.join()}`);
        await sleep(10);
      }
    };
    try {
      for (const name of ["driver", "writer", "reader1", "reader2"]) begin(name);
      await said("reader1", "read");
      await said("reader2", "read");
      const victims: readonly Role[] = ["writer", "reader", "driver"];
      for (let round = 0; round < rounds * victims.length; round++) {
        const role = victims[round % victims.length] ?? "driver";
        const name = role === "reader" ? "reader1" : role;
        await sleep(uniform(random) * 100);
        const victim = parties.get(name)?.child;
        const gone = victim === undefined ? undefined : once(victim, "exit");
        victim?.kill("SIGKILL");
        await gone;
        for (const { lines } of parties.values()) {
          expect(lines).not.toContain("torn");
          lines.length = 0;
        }
        begin(name);
        await said("reader1", "read");
        await said("reader2", "read");
      }
      for (const name of ["writer", "reader1", "reader2"]) parties.get(name)?.child.kill("SIGKILL");
      // Old epochs are swept while the driver runs: what is left are the newest one, and the one before it at most.
      const epochs = (): string[] => {
        const [user = ""] = readdirSync(baseDir);
        return readdirSync(join(baseDir, user, "default", "10000"));
      };
      await until(() => epochs().length <= 2, "old epochs to be swept");
      expect(epochs().length).toBeLessThanOrEqual(2);
    } finally {
      for (const { child } of parties.values()) child.kill("SIGKILL");
      await media.stop();
      rmSync(baseDir, { recursive: true, force: true });
    }
    expect(existsSync(aeronDir)).toBe(false);
  }, 300_000);
});
