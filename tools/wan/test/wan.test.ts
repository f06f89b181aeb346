import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { describeWith, namespaces } from "@proj/peers";
import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { openWan, type Wan, type WanSite } from "#src/index.js";
import { patternHash } from "./pattern.js";

const program = fileURLToPath(new URL("far-process.js", import.meta.url));
const KIB = 1024;

describeWith("a path between two networks", namespaces(), () => {
  let wan: Wan;
  beforeEach(async () => {
    wan = await openWan(7);
  });
  afterEach(() => wan.close());

  test("carries TCP both ways, and takes its time", async () => {
    wan.shape({ delayMs: 25 });
    const { hash, ms } = await transfer(wan, 256 * KIB);
    expect(hash).toBe(patternHash(256 * KIB));
    // A connection and its orderly end take two round trips at least.
    expect(ms).toBeGreaterThanOrEqual(100);
  });

  test("lets no more through than the rate", async () => {
    wan.shapeThere({ rateBitsPerSecond: 20e6, queueBytes: 100_000 });
    const { hash, ms } = await transfer(wan, 2048 * KIB);
    expect(hash).toBe(patternHash(2048 * KIB));
    expect(ms).toBeGreaterThanOrEqual(((2048 * KIB * 8) / 20e6) * 1000 * 0.9);
  });

  test("loses packets one by one and in bursts, which TCP repeats", async () => {
    wan.shape({ loss: 0.02, burst: { enter: 0.002, leave: 0.4 }, delayMs: 1 });
    const { hash } = await transfer(wan, 1024 * KIB);
    expect(hash).toBe(patternHash(1024 * KIB));
    const [there] = await wan.counts();
    expect(there.lossDrops).toBeGreaterThan(0);
    expect(there.bytes).toBeGreaterThan(1024 * KIB);
  });

  test("lets nothing through while it is down", async () => {
    wan.shape({ rateBitsPerSecond: 50e6, queueBytes: 200_000 });
    const running = transfer(wan, 2048 * KIB);
    await sleep(150);
    wan.shape({ up: false });
    await sleep(300);
    const [before] = await wan.counts();
    await sleep(200);
    const [after] = await wan.counts();
    expect(after.packets).toBe(before.packets);
    wan.shape({ up: true });
    expect((await running).hash).toBe(patternHash(2048 * KIB));
  });

  test("refuses shapes that mean nothing", () => {
    expect(() => wan.shape({ loss: 2 })).toThrow(RangeError);
    expect(() => wan.shape({ delayMs: Number.NaN })).toThrow(RangeError);
  });

  test("takes its networks away with everything that runs in them", async () => {
    const other = await openWan();
    const child = other.a.spawn("sleep", ["60"], { stdio: "ignore" });
    await other.close();
    expect(child.signalCode).toBe("SIGKILL");
    expect(() => other.a.run("true", [])).toThrow("nsenter");
  });
});

async function transfer(wan: Wan, bytes: number): Promise<{ hash: string; ms: number }> {
  const server = node(wan.b, "serve", "7000");
  const said = createInterface({ input: server.stdout ?? process.stdin });
  const lines = said[Symbol.asyncIterator]();
  await lines.next();
  const client = node(wan.a, "send", wan.b.address, "7000", String(bytes));
  const took = createInterface({ input: client.stdout ?? process.stdin });
  const [hash, ms] = await Promise.all([lines.next(), took[Symbol.asyncIterator]().next()]);
  return { hash: String(hash.value), ms: Number(ms.value) };
}

function node(site: WanSite, ...args: readonly string[]): ChildProcess {
  return site.spawn(process.execPath, [program, ...args], { stdio: ["ignore", "pipe", "inherit"] });
}
