import { expect, test } from "@jest/globals";
import { AttachmentRef, createEther, type Ether } from "@proj/ether-codecs";
import { connectAeron, startEmbeddedDriver } from "@proj/aeron/node";
import { backend } from "@proj/native-io";
import { describeWith, type Peer } from "@proj/peers";
import { attachProducer, parseConfig, startPoolDriver } from "@proj/tensor-pool/node";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { PoolInbox } from "#src/tensor/pool-inbox.js";
import { PoolOutbox } from "#src/tensor/pool-outbox.js";
import { formatSlotUri, parseSlotUri } from "#src/tensor/slot-uri.js";
import { cliJson, serve } from "../support/cli.js";
import { tempFolder } from "../support/temp-folder.js";

const native: Peer<true> =
  backend.kind === "native"
    ? { name: "native", found: true }
    : { name: "native", lack: backend.reason };

test("the URI of a frame is read back, and nothing else is one", () => {
  const name = { streamId: 4_294_967_295, epoch: 2n ** 64n - 1n, seq: 2 ** 52, bytes: 640_000 };
  expect(parseSlotUri(formatSlotUri(name))).toEqual(name);
  for (const uri of [
    "shm://ether/1.2.3#0,4",
    "shm://tensor-pool/1.2.3",
    "shm://tensor-pool/1.2.3#4,4",
    "shm://tensor-pool/1.2#0,4",
    "shm://tensor-pool/1.2.3.4#0,4",
    "shm://tensor-pool/4294967296.2.3#0,4",
    "shm://tensor-pool/1.2.9007199254740993#0,4",
    "file:///etc/passwd",
    "",
  ]) {
    expect(parseSlotUri(uri)).toBeUndefined();
  }
});

describeWith("attachments in tensor pools", native, () => {
  test("are read in place, refused when overwritten, and copied where they are kept", async () => {
    const baseDir = `/dev/shm/node-attach-${process.pid}`;
    const aeronDir = `/dev/shm/node-attach-aeron-${process.pid}`;
    mkdirSync(baseDir, { mode: 0o700 });
    const media = await startEmbeddedDriver({ aeronDir });
    const { client, close } = await connectAeron({ aeronDir });
    const parsed = parseConfig(`
[shm]
base_dir = "${baseDir}"
[driver]
announce_stream_id = 1001
[policies]
lease_expiry_grace_intervals = 60
shutdown_timeout_ms = 0
cleanup_shm_on_exit = true
[profiles.p]
header_nslots = 2
payload_pools = [{ pool_id = 1, stride_bytes = 1048576 }]
[streams.s]
stream_id = 10000
profile = "p"
`);
    if (parsed.kind !== "config") throw new Error("invalid");
    const running = await startPoolDriver({ client, config: parsed.config });
    // An event loop that a busy machine stops for seconds must not cost the lease, and with it the epoch.
    const patience = { graceIntervals: 60, allowedDirs: [baseDir] };
    const producer = await attachProducer({ client, streamId: 10_000, ...patience });
    await producer.mapped();
    const channel = "aeron:ipc?term-length=4m";
    const inbox = new PoolInbox({
      client,
      controlChannel: channel,
      controlStreamId: 1_000,
      announceChannel: channel,
      announceStreamId: 1_001,
      allowedDirs: [baseDir],
      isKnown: (streamId) => streamId === 10_000,
    });
    try {
      const outbox = new PoolOutbox(producer);
      const placed = outbox.place(withBytes(new Uint8Array(300_000).fill(7)));
      expect(placed.objects).toBe(1);
      expect(placed.ether.attachments[0]?.uri).toMatch(/^shm:\/\/tensor-pool\/10000\./);
      expect(outbox.place(withBytes(new Uint8Array(100))).objects).toBe(0);
      expect(outbox.place(withBytes(new Uint8Array(2_000_000))).objects).toBe(0);
      const unavailable = expect.objectContaining({ code: "ether.shm_unavailable" });
      expect(() => inbox.resolve(placed.ether, "inPlace")).toThrow(unavailable);
      const resolved = await attached(inbox, placed.ether);
      const bytes = resolved.ether.attachments[0]?.inlineBytes ?? new Uint8Array(0);
      expect([bytes.length, bytes[0], bytes.at(-1)]).toEqual([300_000, 7, 7]);
      expect(resolved.stillValid()).toBe(true);
      const copied = inbox.resolve(placed.ether, "copied");
      outbox.place(withBytes(new Uint8Array(300_000).fill(8)));
      outbox.place(withBytes(new Uint8Array(300_000).fill(9)));
      expect(bytes[0]).toBe(9);
      expect(resolved.stillValid()).toBe(false);
      expect(copied?.ether.attachments[0]?.inlineBytes?.[0]).toBe(7);
      expect(copied?.stillValid()).toBe(true);
      expect(() => inbox.resolve(placed.ether, "inPlace")).toThrow(unavailable);
      const elsewhere = formatSlotUri({ streamId: 9, epoch: 1n, seq: 0, bytes: 300_000 });
      const stranger = { ...placed.ether, attachments: [{ id: "a", uri: elsewhere }] };
      expect(() => inbox.resolve(stranger, "inPlace")).toThrow(unavailable);
      expect(inbox.streams).toBe(1);
      expect(inbox.resolve(withBytes(new Uint8Array(1)), "inPlace")).toBeUndefined();
    } finally {
      inbox.close();
      producer.close();
      await running.stop();
      close();
      await media.stop();
      rmSync(baseDir, { recursive: true, force: true });
    }
  });

  test("`send --pool` moves a tensor to a serving node through the pool", async () => {
    const folder = tempFolder();
    const aeronDir = `/dev/shm/node-pool-aeron-${process.pid}`;
    const config = join(folder.path, "node.toml");
    writeFileSync(
      config,
      `listen = [{ url = "unix:${folder.path}/n.sock" }]
admin.enabled = false
control.enabled = false
[tensor]
enabled = true
aeron_dir = "${aeronDir}"
`,
    );
    const file = join(folder.path, "a.bin");
    writeFileSync(file, Buffer.alloc(4_000_000, "tensor"));
    const node = await serve(config);
    try {
      const args = ["send", file, "--to", node.urls[0] ?? "", "--as", "bytes"];
      const pool = ["--part-bytes", "400000", "--pool", "20000", "--aeron-dir", aeronDir];
      // The node attaches to the stream meanwhile; what comes before it has is sent inline. On a busy machine that may be
      // every part, and then all are sent again.
      for (let shmBytes = 0; shmBytes < 400_000;) {
        const sent = await cliJson([...args, ...pool]);
        expect(sent.document["error"]).toBeUndefined();
        expect(sent.document).toMatchObject({ ok: true, parts: 10 });
        shmBytes = Number(sent.document["shmBytes"]);
      }
      const refused = await cliJson([...args, "--pool", "5", "--aeron-dir", aeronDir]);
      expect(refused.code).toBe(1);
      expect(refused.document).toMatchObject({
        error: { message: expect.stringContaining("stream 5 was not granted") },
      });
    } finally {
      await node.end("SIGTERM");
      folder.remove();
    }
  });
});

function withBytes(inlineBytes: Uint8Array): Ether {
  return createEther({
    kind: "blob",
    payload: { data: new AttachmentRef("a") },
    attachments: [{ id: "a", inlineBytes }],
  });
}

async function attached(inbox: PoolInbox, ether: Ether) {
  for (let waited = 0; ; waited++) {
    try {
      const resolved = inbox.resolve(ether, "inPlace");
      if (resolved !== undefined) return resolved;
    } catch (error) {
      if (waited > 2_000) throw error;
    }
    await sleep(5);
  }
}
