import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { textEther } from "@proj/ether-codecs";
import fc from "fast-check";
import { fuzzRuns } from "../../../../tools/jest/fuzz-runs.js";
import { connect, type Socket } from "node:net";
import { dial, type Dialled } from "#src/dial.js";
import { checkReceipt } from "#src/receipts/check-receipt.js";
import { serve, type ServingNode } from "../support/cli.js";
import { golden, goldenBytes } from "../support/golden.js";
import { localDial } from "../support/local-dial.js";
import { nodeConfig } from "../support/node-config.js";
import { type TempFolder, tempFolder } from "../support/temp-folder.js";

/** What the node may hold beyond what it had before, whatever comes: far below what the attacks claim. */
const ALLOWED_GROWTH_BYTES = 160 * 1024 * 1024;

let folder: TempFolder;
let node: ServingNode;
let good: Dialled;
let port: number;

beforeAll(async () => {
  folder = tempFolder();
  const more = "[limits]\nhello_timeout_ms = 300\nmax_message_bytes = 4194304";
  node = await serve(nodeConfig(folder, { more, level: "error" }));
  port = Number(new URL(node.urls[0]?.replace("xcp:", "http:") ?? "").port);
  good = await dial(node.urls[0] ?? "", localDial);
});
afterAll(async () => {
  await good.client.close();
  expect(await node.end("SIGTERM")).toEqual({ code: 0 });
  folder.remove();
});

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${node.admin}/metrics`)).text();
  return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (.+)$`, "m").exec(text)?.[1]);
}

// Sends `pieces` and waits until the node closes, or for a moment.
async function attack(pieces: readonly Uint8Array[], waitMs: number): Promise<void> {
  const socket = await open();
  const gone = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.resume();
  for (const piece of pieces) if (!socket.destroyed) socket.write(piece);
  await Promise.race([gone, new Promise((resolve) => setTimeout(resolve, waitMs))]);
  socket.destroy();
}

function open(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.off("error", reject);
      // A node that hangs up resets what is still on its way.
      socket.on("error", () => undefined);
      resolve(socket);
    });
    socket.once("error", reject);
  });
}

async function stillServes(): Promise<void> {
  const exchange = await good.link.request([textEther("still there?")]);
  expect(checkReceipt(good.link, exchange).summary).toMatchObject({ words: 2 });
}

// DATA that claims much and holds little.
function claims(): readonly Uint8Array[] {
  const huge = Uint8Array.from(golden.get("frame-data-json") ?? []);
  new DataView(huge.buffer).setUint32(8 + 96, 0xffff_ffff, true);
  const large = Uint8Array.from(golden.get("frame-large") ?? []);
  new DataView(large.buffer).setBigUint64(8 + 96, 2n ** 53n - 1n, true);
  return [huge, large];
}

const frames = [...golden.entries()]
  .filter(([id, bytes]) => /^(frame|json|neg|v01)-/.test(id) && bytes.length > 16)
  .map(([, bytes]) => bytes);

test("random bytes, mutated frames and broken trains end at most their own connection", async () => {
  const before = await metric("process_resident_memory_bytes");
  const mutated = fc
    .tuple(
      fc.boolean(),
      fc.array(fc.constantFrom(...frames), { minLength: 1, maxLength: 6 }),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 8 }),
      fc.integer({ min: 1, max: 400 }),
    )
    .map(([greet, parts, flips, cut]) => {
      const bytes = new Uint8Array(Buffer.concat(parts));
      for (const [at, byte] of flips) bytes[at % bytes.length] = byte;
      const pieces: Uint8Array[] = greet ? [goldenBytes("frame-hello")] : [];
      for (let at = 0; at < bytes.length; at += cut) pieces.push(bytes.subarray(at, at + cut));
      return pieces;
    });
  const random = fc.uint8Array({ minLength: 1, maxLength: 2000 }).map((bytes) => [bytes]);
  await fc.assert(
    fc.asyncProperty(fc.oneof(mutated, random), async (pieces) => {
      await attack(pieces, 30);
    }),
    // Each input is a connection: a long run ends with its time, not with its count.
    { ...fuzzRuns(150), interruptAfterTimeLimit: 60_000 },
  );
  await stillServes();
  expect((await metric("process_resident_memory_bytes")) - before).toBeLessThan(
    ALLOWED_GROWTH_BYTES,
  );
});

test("claims of huge frames and messages are not believed", async () => {
  const before = await metric("process_resident_memory_bytes");
  const hello = goldenBytes("frame-hello");
  const train = goldenBytes("frame-chunk-0");
  const attacks = Array.from({ length: 40 }, (_, i) => {
    const claim = claims()[i % 2] ?? new Uint8Array();
    return attack([hello, i % 4 < 2 ? claim : train, new Uint8Array(100_000)], 200);
  });
  await Promise.all([...attacks, stillServes()]);
  expect((await metric("process_resident_memory_bytes")) - before).toBeLessThan(
    ALLOWED_GROWTH_BYTES,
  );
  await stillServes();
});

test("silent peers are let go, and others do not notice", async () => {
  const silent = await Promise.all(Array.from({ length: 50 }, open));
  const gone = silent.map((socket) => {
    socket.resume();
    return new Promise<void>((resolve) => socket.once("close", () => resolve()));
  });
  await stillServes();
  await Promise.all(gone);
  expect(await metric("xcp_connections")).toBe(1);
});
