import { describeWith, namespaces } from "@proj/peers";
import { type DwcpNode, startDwcpNode } from "@proj/dwcp/node";
import { until } from "@proj/wire-types/testing";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { killed, nodeProgram, portOf } from "../support/node-process.js";
import { testKey } from "../support/test-key.js";

const security = { mode: "psk", key: testKey } as const;
const transferId = "ab".repeat(16);

// A file system of 8 MiB that only the receiver sees, half of it taken by somebody else.
const SCRIPT = `mount -t tmpfs -o size=8m none "$1" && head -c 4194304 /dev/zero > "$1/other" && exec "$0" "$2" receive 0 "$1/store"`;

describeWith("B9: a receiver whose disk is full", namespaces(), () => {
  let folder: string;
  let receiver: ChildProcess;
  let sender: DwcpNode;
  let port: number;
  // The receiver's own view of its files.
  let seen: string;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "dwcp-full-"));
    const args = ["-m", "sh", "-c", SCRIPT, process.execPath, folder, nodeProgram];
    receiver = spawn("unshare", args, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    port = await portOf(receiver);
    seen = `/proc/${receiver.pid}/root${folder}`;
    const streams = { minStreams: 1, initialStreams: 2, maxStreams: 4 };
    sender = await startDwcpNode({ nodeId: "sender", security, streams, workers: 1 });
  });

  afterEach(async () => {
    await sender.close();
    await killed(receiver);
    rmSync(folder, { recursive: true, force: true });
  });

  async function sendUntilPaused(
    bytes: Uint8Array,
  ): Promise<{ readonly sending: Promise<unknown> }> {
    const sending = sender.send(
      { host: "127.0.0.1", port },
      { key: "object", from: bytes, level: 0, transferId },
    );
    const failed = sending.then(
      () => "arrived",
      (error: unknown) => String(error),
    );
    while (!sender.isPaused(transferId)) {
      const end = await Promise.race([failed, sleep(20, undefined)]);
      if (end !== undefined) throw new Error(`it was not held: ${end}`);
    }
    return { sending };
  }

  test("holds the transfer, keeps what arrived, and goes on when there is room again", async () => {
    const bytes = randomBytes(6_000_000);
    const { sending } = await sendUntilPaused(bytes);
    // More time than anything is made durable in: a journal that cannot be written fails nothing.
    await sleep(1_500);
    expect(sender.isPaused(transferId)).toBe(true);
    expect(statSync(join(seen, "store", "parts", `${transferId}.part`)).size).toBeGreaterThan(
      2_000_000,
    );
    rmSync(join(seen, "other"));
    expect(sender.steer(transferId, "continue")).toBe(true);
    await sending;
    expect(readFileSync(join(seen, "store", "objects", "object", "0.bin")).equals(bytes)).toBe(
      true,
    );
  });

  test("holds it again while there is too little room, and loses nothing by that", async () => {
    const bytes = randomBytes(6_000_000);
    const { sending } = await sendUntilPaused(bytes);
    for (let i = 0; i < 3; i++) {
      sender.steer(transferId, "continue");
      await sleep(300);
      await until(() => sender.isPaused(transferId), "the transfer to be held again");
    }
    rmSync(join(seen, "other"));
    sender.steer(transferId, "continue");
    await sending;
    expect(readFileSync(join(seen, "store", "objects", "object", "0.bin")).equals(bytes)).toBe(
      true,
    );
  });
});
