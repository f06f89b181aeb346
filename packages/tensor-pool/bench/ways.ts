import { once } from "node:events";
import { closeSync, openSync, writeSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { type Operation, spawnServer } from "@proj/bench";

/** Sends `bytes` through a Unix socket and waits for the byte that says that all came. */
export async function unixSocket(folder: string, bytes: number): Promise<Operation> {
  const { socket, server } = await socketTo(folder, "socket", bytes);
  const payload = new Uint8Array(bytes).fill(7);
  const head = new Uint8Array(1).fill(1);
  return {
    run: async () => {
      const answered = once(socket, "data");
      socket.write(bytes === 0 ? head : payload);
      await answered;
    },
    cpu: () => server.cpu(),
    close: async () => {
      socket.destroy();
      await server.close();
    },
  };
}

/** Writes `bytes` into a file of shared memory, tells through a socket, and waits until it was read. */
export async function file(folder: string, bytes: number): Promise<Operation> {
  const { socket, server } = await socketTo(folder, "file", bytes);
  const payload = new Uint8Array(bytes).fill(7);
  const head = new Uint8Array(1).fill(1);
  const descriptor = openSync(join(folder, "payload"), "w");
  return {
    run: async () => {
      if (bytes > 0) writeSync(descriptor, payload, 0, bytes, 0);
      const answered = once(socket, "data");
      socket.write(head);
      await answered;
    },
    cpu: () => server.cpu(),
    close: async () => {
      socket.destroy();
      closeSync(descriptor);
      await server.close();
    },
  };
}

/** Posts `bytes` to a worker thread, which gets a copy, and waits for its answer. */
export async function postMessageWay(bytes: number): Promise<Operation> {
  const worker = await startWorker({ kind: "post" });
  const payload = new Uint8Array(bytes).fill(7);
  return {
    run: async () => {
      const answered = once(worker, "message");
      worker.postMessage(payload);
      await answered;
    },
    close: async () => {
      await worker.terminate();
    },
  };
}

/** Copies `bytes` into a SharedArrayBuffer, wakes a worker thread that waits on it, and waits for its answer. */
export async function sharedArrayBuffer(bytes: number): Promise<Operation> {
  const shared = new SharedArrayBuffer(64 + Math.max(64, bytes));
  const worker = await startWorker({ kind: "shared", shared });
  const words = new Int32Array(shared, 0, 16);
  const target = new Uint8Array(shared, 64);
  const payload = new Uint8Array(bytes).fill(7);
  return {
    run: async () => {
      target.set(payload);
      const answered = once(worker, "message");
      Atomics.add(words, 0, 1);
      Atomics.notify(words, 0);
      await answered;
    },
    close: async () => {
      await worker.terminate();
    },
  };
}

async function socketTo(
  folder: string,
  kind: "socket" | "file",
  bytes: number,
): Promise<{ socket: Socket; server: Awaited<ReturnType<typeof spawnServer>> }> {
  const path = join(folder, `${kind}-${bytes}`);
  const server = await spawnServer(new URL("./ways-process.js", import.meta.url), {
    kind,
    path,
    bytes,
    file: join(folder, "payload"),
  });
  const socket = connect(path);
  await once(socket, "connect");
  return { socket, server };
}

async function startWorker(workerData: unknown): Promise<Worker> {
  const worker = new Worker(new URL("./ways-worker.js", import.meta.url), { workerData });
  await once(worker, "message");
  return worker;
}
