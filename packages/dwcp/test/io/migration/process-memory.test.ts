import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { ProcessMemorySource } from "@proj/dwcp/node";
import { describeWith } from "@proj/peers";
import type { ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, openSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { killed, start, told } from "../../support/node-process.js";
import { addressOf, storedIn, TwoNodes } from "../../support/two-nodes.js";

const program = fileURLToPath(new URL("../../support/busy-process.js", import.meta.url));

/** Whether this host lets its own memory be read. */
function ownMemory(): { name: string; found: true } | { name: string; lack: string } {
  const name = "process-memory";
  try {
    closeSync(openSync("/proc/self/mem", "r"));
    return { name, found: true };
  } catch (error) {
    return { name, lack: String(error) };
  }
}

describeWith("B15: the memory of a process", ownMemory(), () => {
  let child: ChildProcess;
  let pid: number;
  let lengthBytes: number;

  beforeEach(async () => {
    child = start(program);
    ({ lengthBytes } = await told<{ lengthBytes: number }>(child));
    pid = child.pid ?? 0;
  });

  afterEach(() => killed(child));

  async function turns(): Promise<number> {
    const count = told<number>(child);
    child.send("?");
    return await count;
  }

  const opened = (): Promise<ProcessMemorySource> =>
    ProcessMemorySource.open(pid, { mappings: ({ length }) => length === lengthBytes });

  test("moves while the process writes to it", async () => {
    const nodes = new TwoNodes();
    const source = await opened();
    try {
      expect(source.pageCount).toBe(lengthBytes / 4_096);
      const receiver = await nodes.receiving();
      const sender = await nodes.start({ nodeId: "sender", workers: 1 });
      const { rounds } = await sender.migrate(addressOf(receiver), {
        key: "process",
        source,
        folder: nodes.folder,
        goal: { downtimeMs: 1, maxRounds: 4, whenStuck: "throttle" },
      });
      // It stands still: what is read of it now is what it was then.
      const pages = await source.readPages([...Array(source.pageCount).keys()]);
      expect(sha256(storedIn(receiver, "process"))).toBe(sha256(pages));
      expect(rounds).toHaveLength(5);
      for (const { dirtyBytes } of rounds.slice(1)) {
        expect(dirtyBytes).toBeGreaterThan(0);
        expect(dirtyBytes).toBeLessThan(lengthBytes);
      }
    } finally {
      await source.close();
      await nodes.close();
    }
  });

  test("is that of a process which stands still until it is resumed", async () => {
    const source = await opened();
    await source.pause();
    await source.readPages([...Array(source.pageCount).keys()]);
    expect((await source.dirtySince()).every((byte) => byte === 0)).toBe(true);
    await source.resume();
    const before = await turns();
    while ((await turns()) === before);
    expect((await source.dirtySince()).some((byte) => byte !== 0)).toBe(true);
    await source.close();
  });

  test("all that it writes to, where nobody chooses", async () => {
    const source = await ProcessMemorySource.open(pid);
    expect(source.pageCount).toBeGreaterThan(lengthBytes / 4_096);
    await source.pause();
    expect((await source.readPages([0, 1, 2])).length).toBe(3 * 4_096);
    await source.close();
  });

  test("is gone with the process", async () => {
    const source = await opened();
    await killed(child);
    await expect(source.readPages([0])).rejects.toMatchObject({ code: "dwcp.source_changed" });
    await expect(source.pause()).rejects.toMatchObject({ code: "dwcp.source_changed" });
    await expect(source.resume()).rejects.toMatchObject({ code: "dwcp.source_changed" });
    await source.close();
    await expect(opened()).rejects.toMatchObject({
      code: "dwcp.unsupported",
      message: expect.stringContaining(`no process ${pid}`),
    });
  });
});

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
