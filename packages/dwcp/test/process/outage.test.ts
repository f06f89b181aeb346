import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { describeWith, namespaces } from "@proj/peers";
import { openWan, type Wan, type WanSite } from "@proj/wan";
import { until } from "@proj/wire-types/testing";
import type { ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { nodeProgram, portOf } from "../support/node-process.js";

const RAW_BYTES = 20_000_000;
const OUTAGE_MS = 3_000;

describeWith("B9: a path over which nothing passes for 3 s", namespaces(), () => {
  let wan: Wan;
  let folder: string;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "dwcp-outage-"));
    wan = await openWan(3);
    wan.shape({ rateBitsPerSecond: 50e6, delayMs: 50, queueBytes: 600_000 });
  });

  afterEach(async () => {
    await wan.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function start({ spawn }: WanSite, ...args: string[]): ChildProcess {
    const env = { ...process.env, RECEIVER_HOST: wan.b.address };
    const stdio = ["ignore", "inherit", "inherit", "ipc"] as const;
    return spawn(process.execPath, [nodeProgram, ...args], { stdio: [...stdio], env });
  }

  const sentBytes = async () => (await wan.counts())[0].bytes;

  test("is used again within 2 s: an outage of 3 s costs no more than 5 s", async () => {
    const bytes = randomBytes(RAW_BYTES);
    writeFileSync(join(folder, "object"), bytes);
    const port = await portOf(start(wan.b, "receive", "0", join(folder, "store")));
    const path = join(folder, "object");
    const sender = start(wan.a, "send", String(port), path, "ab".repeat(16));
    const sent = once(sender, "message");
    await until(async () => (await sentBytes()) > 4e6, "some of the object to pass");
    wan.shape({ up: false });
    const before = await sentBytes();
    await sleep(OUTAGE_MS);
    wan.shape({ up: true });
    const backMs = performance.now();
    await until(async () => (await sentBytes()) > before + 1e6, "more of it to pass");
    expect(performance.now() - backMs).toBeLessThan(2_000);
    const [result] = (await sent) as [{ rawBytes: number; wireBytes: number }];
    expect(result.rawBytes).toBe(RAW_BYTES);
    const stored = readFileSync(join(folder, "store", "objects", "object", "0.bin"));
    expect(stored.equals(bytes)).toBe(true);
  });
});
