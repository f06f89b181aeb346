import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { type DwcpNode, type RmaReading, startDwcpNode } from "@proj/dwcp/node";
import { backend } from "@proj/native-io";
import { describeWith, type Peer } from "@proj/peers";
import { until } from "@proj/wire-types/testing";
import type { ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { killed, mustRun, nodeProgram, portOf, start, told } from "../support/node-process.js";
import { testKey } from "../support/test-key.js";

const security = { mode: "psk", key: testKey } as const;
const streams = { minStreams: 1, initialStreams: 2, maxStreams: 4 };
const RAW_BYTES = 24_000_000;
// How much goes which way is a matter of which is free sooner, and of who has the processor: this much is no accident.
const SOME_BYTES = RAW_BYTES / 10;

/** A provider of libfabric that moves bytes between processes without hardware. */
function software(provider: string): Peer<string> {
  const found = backend.rma.providers().some(({ name }) => name === provider);
  if (found) return { name: `libfabric ${provider}`, found: provider };
  const lacks = backend.rma.capabilities().filter(({ available }) => !available);
  const why = lacks.find(({ name }) => name === "rma.libfabric") ?? lacks[0];
  return { name: `libfabric ${provider}`, lack: why?.reason ?? "no libfabric" };
}

for (const provider of ["shm", "tcp;ofi_rxm"]) {
  describeWith(
    `B14: between two processes, units through ${provider}`,
    software(provider),
    (device) => {
      let folder: string;
      let receiver: ChildProcess;
      let port: number;
      const senders = new Set<DwcpNode>();

      beforeEach(async () => {
        folder = mkdtempSync(join(tmpdir(), "dwcp-rdma-"));
        port = 0;
        await startReceiver();
      });

      afterEach(async () => {
        await Promise.all([...senders].map((sender) => sender.close()));
        senders.clear();
        await killed(receiver);
        rmSync(folder, { recursive: true, force: true });
      });

      async function startReceiver(): Promise<void> {
        receiver = start(nodeProgram, ["receive", port, join(folder, "store"), "", device]);
        port = await portOf(receiver);
      }

      /** A node in this process whose session with the receiver has opened its memory: that takes an object of some size. */
      async function startSender(): Promise<DwcpNode> {
        const rma = { device, source: "127.0.0.1" };
        const sender = await startDwcpNode({
          nodeId: "sender",
          security,
          streams,
          workers: 1,
          rma,
        });
        senders.add(sender);
        await sender.send(receiverAt(), { key: "first", from: randomBytes(100_000) });
        return sender;
      }

      const receiverAt = (): { host: string; port: number } => ({ host: "127.0.0.1", port });
      const stored = (key: string): Buffer =>
        readFileSync(join(folder, "store", "objects", key, "0.bin"));

      test("are read from the other process's memory, and arrive whole", async () => {
        const sender = await startSender();
        const from = randomBytes(RAW_BYTES);
        await sender.send(receiverAt(), { key: "object", from });
        expect(stored("object").equals(from)).toBe(true);
        receiver.send("?");
        const reading = await told<RmaReading>(receiver);
        expect(reading.readBytes).toBeGreaterThan(SOME_BYTES);
        expect(sender.rma?.lentBytes).toBeGreaterThanOrEqual(reading.readBytes);
      });

      test("go on through the memory of the next process when the receiver is killed", async () => {
        const sender = await startSender();
        const from = randomBytes(RAW_BYTES);
        let kill: Promise<void> | undefined;
        const progress = (arrivedBytes: number): void => {
          if (arrivedBytes > RAW_BYTES / 4) kill ??= killed(receiver).then(startReceiver);
        };
        await sender.send(receiverAt(), { key: "object", from, progress });
        await kill;
        expect(kill).toBeDefined();
        expect(stored("object").equals(from)).toBe(true);
        // What the dead process had been lent is free again.
        await sender.send(receiverAt(), { key: "second", from: randomBytes(100_000) });
        const before = sender.rma?.lentBytes ?? 0;
        await sender.send(receiverAt(), { key: "third", from });
        expect(stored("third").equals(from)).toBe(true);
        expect(sender.rma?.lentBytes).toBeGreaterThan(before + SOME_BYTES);
      });

      test("come by streams again when the sender is killed, and the receiver serves others", async () => {
        const file = join(folder, "file");
        const from = randomBytes(RAW_BYTES);
        writeFileSync(file, from);
        const transferId = randomBytes(16).toString("hex");
        const args = ["send", port, file, transferId, device];
        const part = join(folder, "store", "parts", `${transferId}.part`);
        const first = start(nodeProgram, args);
        const isUnderWay = (): boolean => existsSync(part) && statSync(part).size > RAW_BYTES / 4;
        const isDone = (): boolean => isUnderWay() || first.exitCode === 0 || mustRun(first);
        await until(isDone, "a part of the object");
        await killed(first);
        const second = start(nodeProgram, args);
        const result = await told<{ rawBytes: number }>(second);
        await killed(second);
        expect(result.rawBytes).toBe(RAW_BYTES);
        expect(stored("object").equals(from)).toBe(true);
        const other = await startSender();
        await other.send(receiverAt(), { key: "other", from });
        expect(stored("other").equals(from)).toBe(true);
        expect(other.rma?.lentBytes).toBeGreaterThan(SOME_BYTES);
      });
    },
  );
}
