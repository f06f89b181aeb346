import { readdirSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "@jest/globals";
import {
  arrowCodec,
  arrowOfStub,
  arrowStub,
  createEther,
  DlpackCodec,
  type Ether,
  encodeDlpackEther,
  EtherError,
  protobufCodec,
  sendPlaced,
  tensorEther,
} from "@proj/ether-codecs";
import { ShmInbox, ShmOutbox } from "@proj/ether-codecs/node";
import {
  type LogRecord,
  ManualTime,
  SeededRandom,
  silentTelemetry,
  TensorView,
} from "@proj/wire-types";
import { payloadOf } from "../arrow/ethers.js";
import { shmFolder } from "./shm-folder.js";

const { folder, shm } = shmFolder();
const random = new SeededRandom(7);
const big = new Uint8Array(300_000).fill(9);
const small = Uint8Array.of(1, 2, 3, 4);

let time = new ManualTime();
let proven = true;
let log: LogRecord[] = [];
let outbox = newOutbox();
let inbox = newInbox();

function newOutbox(options: Partial<ConstructorParameters<typeof ShmOutbox>[0]> = {}): ShmOutbox {
  const telemetry = {
    ...silentTelemetry,
    log: { log: (record: LogRecord) => void log.push(record) },
  };
  return new ShmOutbox({
    shm,
    timers: time,
    random,
    isProven: () => proven,
    telemetry,
    ...options,
  });
}

function newInbox(): ShmInbox {
  return new ShmInbox({ shm, isProven: () => proven });
}

beforeEach(() => {
  outbox.close();
  time = new ManualTime();
  proven = true;
  log = [];
  outbox = newOutbox();
  inbox = newInbox();
});

function message(): Ether {
  return createEther({
    kind: "k",
    payload: {},
    attachments: [
      { id: "big", inlineBytes: big, mediaType: "application/octet-stream" },
      { id: "small", inlineBytes: small, shape: [1], dtype: "float32", sizeBytes: 4 },
      { id: "web", uri: "https://example.invalid/x" },
    ],
  });
}

describe("§16: attachments through shared memory", () => {
  test("from 256 KiB on they travel as objects and are bytes again at the receiver", () => {
    const sent = message();
    const placed = outbox.place(sent);
    expect(placed.objects).toBe(1);
    const [first, second, third] = placed.ether.attachments;
    expect(first?.uri).toMatch(/^shm:\/\/ether\/p[0-9]+-[0-9]+x[0-9a-f]+#0,300000$/);
    expect(first?.inlineBytes).toBeUndefined();
    expect([second, third]).toEqual(sent.attachments.slice(1));
    const { body } = protobufCodec.encode([placed.ether], {});
    expect(body.length).toBeLessThan(400);
    const [received] = protobufCodec.decode(body, {});
    const resolved = inbox.resolve(received ?? sent);
    expect(resolved.attachments[0]?.inlineBytes).toEqual(big);
    expect(resolved.attachments[0]?.uri).toBeUndefined();
    expect(resolved.attachments[2]).toEqual(third);
    placed.settle("acknowledged");
    expect(readdirSync(folder)).toEqual([]);
    expect(resolved.attachments[0]?.inlineBytes).toEqual(big);
  });

  test.each([262_143, 262_144])("the boundary: %d bytes", (size) => {
    const ether = createEther({
      kind: "k",
      payload: {},
      attachments: [{ id: "a", inlineBytes: new Uint8Array(size) }],
    });
    expect(outbox.place(ether).objects).toBe(size === 262_144 ? 1 : 0);
  });

  test("without a proof everything stays inline, and nothing is read", () => {
    const placed = outbox.place(message());
    proven = false;
    const unavailable = expect.objectContaining({ code: "ether.shm_unavailable" });
    expect(() => inbox.resolve(placed.ether)).toThrow(unavailable);
    expect(outbox.place(message()).objects).toBe(0);
    expect(() => outbox.put(small)).toThrow(unavailable);
    const none = new ShmInbox({ isProven: () => true });
    expect(() => none.resolve(placed.ether)).toThrow(unavailable);
  });

  test("more than maxBytes at one time stays inline", () => {
    const tight = newOutbox({ maxBytes: 400_000 });
    const first = tight.place(message());
    expect([first.objects, tight.bytes]).toEqual([1, 300_000]);
    const second = tight.place(message());
    expect(second.ether.attachments[0]?.inlineBytes).toBe(big);
    first.settle("acknowledged");
    expect(tight.place(message()).objects).toBe(1);
    tight.close();
  });

  test("file: URIs are refused, other schemes are left alone", () => {
    const withUri = (uri: string): Ether =>
      createEther({ kind: "k", payload: {}, attachments: [{ id: "a", uri }] });
    const invalid = expect.objectContaining({ code: "ether.attachment_invalid" });
    for (const uri of ["file:///etc/passwd", "FILE:x", "shm:file?path=/etc/passwd", "shm://a"]) {
      expect(() => inbox.resolve(withUri(uri))).toThrow(invalid);
    }
    const web = withUri("https://example.invalid/");
    expect(inbox.resolve(web)).toEqual(web);
  });

  test("bytes that are not what shape and dtype say are refused", () => {
    const lease = outbox.put(small);
    const attachment = { id: "a", uri: lease.uri, shape: [2], dtype: "float32" } as const;
    const ether = createEther({ kind: "k", payload: {}, attachments: [attachment] });
    expect(() => inbox.resolve(ether)).toThrow(
      expect.objectContaining({ code: "ether.attachment_invalid" }),
    );
  });

  test("all objects of one Ether count together against the limit", () => {
    const tight = new ShmInbox({ shm, isProven: () => true, maxBytes: 6 });
    const attachments = ["a", "b"].map((id) => ({ id, uri: outbox.put(small).uri }));
    const ether = createEther({ kind: "k", payload: {}, attachments });
    expect(() => tight.resolve(ether)).toThrow(
      expect.objectContaining({ code: "ether.too_large" }),
    );
  });
});

describe("§16.3: leases", () => {
  test.each(["acknowledged", "refused", "released", "connectionLost"] as const)(
    "%s unlinks once",
    (end) => {
      const placed = outbox.place(message());
      expect(readdirSync(folder).length).toBe(1);
      placed.settle(end);
      placed.settle(end);
      expect(readdirSync(folder)).toEqual([]);
      expect([outbox.objects, outbox.bytes]).toEqual([0, 0]);
      expect(log.map(({ event }) => event)).toEqual(["xcp.shm_create", "xcp.shm_unlink"]);
    },
  );

  test("the end of the lease, 30 s, unlinks and reports xcp.shm_leak", () => {
    const placed = outbox.place(message());
    time.advance(29_999_999);
    expect(readdirSync(folder).length).toBe(1);
    time.advance(1);
    expect(readdirSync(folder)).toEqual([]);
    expect(log.at(-1)).toMatchObject({ level: "warn", event: "xcp.shm_leak" });
    expect(() => inbox.resolve(placed.ether)).toThrow(
      expect.objectContaining({ code: "ether.shm_unavailable" }),
    );
  });

  test("RELEASE names an object by its URI", () => {
    const lease = outbox.put(small);
    expect(outbox.release("shm://ether/other")).toBe(false);
    expect(outbox.release(lease.uri)).toBe(true);
    expect(outbox.release(lease.uri)).toBe(false);
    expect(readdirSync(folder)).toEqual([]);
  });

  test("loss of the connection unlinks everything", () => {
    outbox.place(message());
    outbox.put(small);
    outbox.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  test("an object that shrank under the receiver is unavailable", () => {
    const placed = outbox.place(message());
    for (const object of readdirSync(folder)) truncateSync(join(folder, object), 100);
    expect(() => inbox.resolve(placed.ether)).toThrow(
      expect.objectContaining({ code: "ether.shm_unavailable" }),
    );
  });
});

describe("§16.3: resend inline after ERR_SHM_UNAVAILABLE", () => {
  test("an acknowledged message leaves nothing behind", async () => {
    const seen: Ether[] = [];
    const result = await sendPlaced(message(), outbox, async (ether) => {
      seen.push(inbox.resolve(ether));
      return "ok";
    });
    expect(result).toBe("ok");
    expect(seen[0]?.attachments[0]?.inlineBytes).toEqual(big);
    expect(readdirSync(folder)).toEqual([]);
  });

  test("a receiver that cannot reach the object gets the bytes", async () => {
    const kinds: string[] = [];
    await sendPlaced(message(), outbox, async (ether) => {
      const [first] = ether.attachments;
      kinds.push(first?.uri === undefined ? "inline" : "shm");
      if (first?.uri !== undefined) throw new EtherError("ether.shm_unavailable", "two hosts");
    });
    expect(kinds).toEqual(["shm", "inline"]);
    expect(readdirSync(folder)).toEqual([]);
  });

  test("any other failure is the caller's, and so is the second one", async () => {
    let calls = 0;
    const failing = async (code: "ether.validation" | "ether.shm_unavailable"): Promise<unknown> =>
      sendPlaced(message(), outbox, async () => {
        calls += 1;
        throw new EtherError(code, "no");
      });
    await expect(failing("ether.validation")).rejects.toMatchObject({ code: "ether.validation" });
    expect(calls).toBe(1);
    await expect(failing("ether.shm_unavailable")).rejects.toMatchObject({
      code: "ether.shm_unavailable",
    });
    expect(calls).toBe(3);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("larger contents", () => {
  test("§16.1: an Arrow stream in shared memory", () => {
    const ethers = [createEther({ kind: "e", payload: { v: new Float32Array(100_000) } })];
    const stub = arrowStub(arrowCodec.encode(ethers, {}), "e");
    const placed = outbox.place(stub);
    expect(placed.ether.attachments[0]).toMatchObject({ codec: "ARROW_IPC", id: "arrow" });
    expect(() => arrowOfStub(placed.ether)).toThrow(EtherError);
    const stream = arrowOfStub(inbox.resolve(placed.ether)) ?? new Uint8Array(0);
    expect(arrowCodec.decode(stream, {})[0]?.payload["v"]).toEqual(new Float32Array(100_000));
    expect(arrowOfStub(message())).toBeUndefined();
  });

  test("§14.8: a DLPACK tensor in shared memory", () => {
    const tensor = new TensorView("float64", [2, 2], Float64Array.of(1, 2, 3, 4));
    const { body, tags } = encodeDlpackEther(
      tensorEther(tensor),
      {},
      (_, bytes) => ({ kind: "shm", uri: outbox.put(bytes()).uri }),
      { leaseMs: 30_000 },
    );
    const codec = new DlpackCodec({ readShm: inbox.read });
    const [ether] = codec.decode(body, { tags });
    expect((payloadOf(ether)["data"] as TensorView).data).toEqual(tensor.data);
    outbox.close();
    expect(() => codec.decode(body, { tags })).toThrow(
      expect.objectContaining({ code: "ether.shm_unavailable" }),
    );
  });
});
