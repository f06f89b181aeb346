import { describe, expect, test } from "@jest/globals";
import { concatBytes, encodeUtf8 } from "@proj/wire-types";
import {
  ChunkAssembler,
  type ChunkEvent,
  Flag,
  type FrameHeader,
  MsgType,
  NO_TAGS,
  type Tag,
} from "@proj/xcp-framing";
import { golden } from "./support/golden.js";

const SECOND_US = 1_000_000;
const header: FrameHeader = {
  channelId: 1,
  msgType: MsgType.DATA,
  bodyCodec: 1,
  schemaKey: undefined,
  msgId: 4,
  inReplyTo: 0,
  tags: NO_TAGS,
};

interface Sent {
  readonly text?: string;
  readonly more?: "more" | "last";
  readonly flags?: number;
  readonly header?: Partial<FrameHeader>;
  readonly atUs?: number;
}

class Bench {
  readonly assembler: ChunkAssembler;

  constructor(maxMessageBytes = 1000, maxPartialBytes?: number) {
    const limits = { maxMessageBytes, chunkTimeoutMs: 30_000 };
    this.assembler = new ChunkAssembler(
      maxPartialBytes === undefined ? limits : { ...limits, maxPartialBytes },
    );
  }

  /** Sends one frame and tells what came of it, in short. */
  send(sent: Sent): string[] {
    const flags = (sent.flags ?? 0) | (sent.more === "more" ? Flag.MORE : 0);
    const payload = encodeUtf8(sent.text ?? "");
    const frame = { flags, header: { ...header, ...sent.header }, payload };
    this.assembler.accept(sent.atUs ?? 0, frame);
    return this.events();
  }

  reject(more: "more" | "last", msgId = 4): string[] {
    this.assembler.reject(0, more === "more" ? Flag.MORE : 0, { ...header, msgId });
    return this.events();
  }

  events(): string[] {
    const lines: string[] = [];
    for (
      let event = this.assembler.nextEvent();
      event !== undefined;
      event = this.assembler.nextEvent()
    ) {
      lines.push(line(event));
    }
    return lines;
  }
}

function line(event: ChunkEvent): string {
  const id = String(event.header.msgId);
  switch (event.kind) {
    case "message":
    case "chunk":
      return `${event.kind} ${id} ${Buffer.from(event.payload).toString()}`;
    case "failed":
      return `failed ${id} ${event.error.code}`;
    case "started":
    case "aborted":
    case "ended":
      return `${event.kind} ${id}`;
  }
}

const first: Sent = { text: "ab", more: "more" };
const abort: readonly Tag[] = [{ key: "xcp.abort", val: "1" }];
const length = (value: string): Partial<FrameHeader> => ({
  tags: [{ key: "xcp.len", val: value }],
});

describe("§11.3: chunks", () => {
  test("IDLE, MORE=0: deliver", () => {
    const bench = new Bench();
    expect(bench.assembler.isIdle(1)).toBe(true);
    expect(bench.send({ text: "whole" })).toEqual(["message 4 whole"]);
    expect(bench.send({ text: "unnumbered", header: { msgId: 0 } })).toEqual([
      "message 0 unnumbered",
    ]);
  });

  test("ASSEMBLING: append, and deliver only at MORE=0", () => {
    const bench = new Bench();
    expect(bench.send(first)).toEqual(["started 4"]);
    expect(bench.assembler.isIdle(1)).toBe(false);
    expect(bench.send({ text: "cd", more: "more" })).toEqual([]);
    expect(bench.assembler.partialBytes).toBe(4);
    expect(bench.send({ text: "ef" })).toEqual(["message 4 abcdef"]);
    expect(bench.assembler.partialBytes).toBe(0);
    expect(bench.assembler.isIdle(1)).toBe(true);
  });

  test("the golden chunks are one message", () => {
    const { assembler } = new Bench();
    const [a, b] = [golden("frame-chunk-0"), golden("frame-chunk-1")];
    assembler.accept(0, { flags: Flag.MORE, header, payload: a.subarray(68, -4) });
    assembler.accept(0, { flags: 0, header, payload: b.subarray(68, -4) });
    expect(assembler.nextEvent()?.kind).toBe("started");
    expect(assembler.nextEvent()).toMatchObject({ payload: golden("json-text") });
  });

  test("the last chunk may be empty, the message has the first one's header and flags", () => {
    const bench = new Bench();
    bench.send({ ...first, flags: Flag.COMP, header: { tags: [{ key: "t", val: "1" }] } });
    bench.assembler.accept(0, {
      flags: Flag.COMP | Flag.ACKREQ,
      header,
      payload: new Uint8Array(0),
    });
    expect(bench.assembler.nextEvent()).toMatchObject({
      kind: "message",
      flags: Flag.COMP | Flag.ACKREQ,
      header: { tags: [{ key: "t", val: "1" }] },
    });
  });

  test("IDLE, MORE=1 with msgId 0: ERR_CHUNK_STATE, and frames with id 0 are ignored until MORE=0", () => {
    const bench = new Bench();
    const unnumbered = { header: { msgId: 0 } };
    expect(bench.send({ ...first, ...unnumbered })).toEqual(["failed 0 xcp.chunk_state"]);
    expect(bench.send({ ...first, ...unnumbered })).toEqual([]);
    expect(bench.send({ text: "rest", ...unnumbered })).toEqual([]);
    expect(bench.send({ text: "next", ...unnumbered })).toEqual(["message 0 next"]);
  });

  test("xcp.abort discards silently, and the id may start anew", () => {
    const bench = new Bench();
    bench.send(first);
    expect(bench.send({ header: { tags: abort } })).toEqual(["aborted 4"]);
    expect(bench.assembler.partialBytes).toBe(0);
    expect(bench.send(first)).toEqual(["started 4"]);
    expect(bench.send({ text: "!" })).toEqual(["message 4 ab!"]);
    expect(bench.send({ header: { tags: abort } })).toEqual(["aborted 4"]);
  });

  test.each<[string, Sent]>([
    ["an empty chunk with MORE", { more: "more" }],
    ["another bodyCodec", { text: "x", more: "more", header: { bodyCodec: 8 } }],
    ["another msgType", { text: "x", more: "more", header: { msgType: 0x200 } }],
    ["another inReplyTo", { text: "x", more: "more", header: { inReplyTo: 9 } }],
    [
      "another schemaKey",
      {
        text: "x",
        more: "more",
        header: { schemaKey: { nsHash: 0, kindId: 1, major: 1, minor: 0 } },
      },
    ],
    ["another COMP", { text: "x", more: "more", flags: Flag.COMP }],
    ["another CRYPT", { text: "x", more: "more", flags: Flag.CRYPT }],
  ])("ASSEMBLING, %s: ERR_CHUNK_STATE, and the rest is ignored", (_what, violation) => {
    const bench = new Bench();
    bench.send(first);
    expect(bench.send(violation)).toEqual(["failed 4 xcp.chunk_state"]);
    expect(bench.assembler.isIdle(1)).toBe(false);
    expect(bench.send({ text: "more", more: "more" })).toEqual([]);
    expect(bench.send({ text: "last" })).toEqual([]);
    expect(bench.assembler.isIdle(1)).toBe(true);
    expect(bench.send({ text: "again" })).toEqual(["message 4 again"]);
  });

  test("a violation by the last chunk leaves nothing to be ignored", () => {
    const bench = new Bench();
    bench.send(first);
    expect(bench.send({ text: "x", header: { bodyCodec: 8 } })).toEqual([
      "failed 4 xcp.chunk_state",
    ]);
    expect(bench.assembler.isIdle(1)).toBe(true);
  });

  test("KPHASE and ACKREQ may differ between chunks", () => {
    const bench = new Bench();
    bench.send({ ...first, flags: Flag.CRYPT });
    const flags = Flag.CRYPT | Flag.KPHASE | Flag.ACKREQ;
    expect(bench.send({ text: "cd", flags })).toEqual(["message 4 abcd"]);
  });

  test("ASSEMBLING, other id: the old one fails, the new one is handled as in IDLE", () => {
    const bench = new Bench();
    bench.send(first);
    expect(bench.send({ text: "other", header: { msgId: 5 } })).toEqual([
      "failed 4 xcp.chunk_state",
      "message 5 other",
    ]);
    bench.send(first);
    expect(bench.send({ ...first, header: { msgId: 6 } })).toEqual([
      "failed 4 xcp.chunk_state",
      "started 6",
    ]);
    expect(bench.send({ text: "c", header: { msgId: 6 } })).toEqual(["message 6 abc"]);
  });

  test("DRAINING, other id: handled as in IDLE", () => {
    const bench = new Bench();
    bench.reject("more");
    expect(bench.send({ ...first, header: { msgId: 5 } })).toEqual(["started 5"]);
  });

  test("total above max_message_bytes: ERR_MESSAGE_TOO_LARGE, as early as it is known", () => {
    const bench = new Bench(5);
    bench.send(first);
    expect(bench.send({ text: "cdef", more: "more" })).toEqual(["failed 4 xcp.message_too_large"]);
    expect(bench.send({ text: "rest" })).toEqual([]);
    expect(bench.send({ ...first, header: length("6") })).toEqual([
      "failed 4 xcp.message_too_large",
    ]);
    expect(bench.send({ text: "123456", more: "more", header: { msgId: 5 } })).toEqual([
      "failed 5 xcp.message_too_large",
    ]);
  });

  test.each(["3", "5"])("xcp.len=%s for four bytes: ERR_CHUNK_STATE", (value) => {
    const bench = new Bench();
    expect(bench.send({ ...first, header: length(value) })).toEqual(["started 4"]);
    expect(bench.send({ text: "cd" })).toEqual(["failed 4 xcp.chunk_state"]);
    expect(bench.assembler.isIdle(1)).toBe(true);
  });

  test("xcp.len that is right is told ahead; one that is no number is ERR_CHUNK_STATE", () => {
    const bench = new Bench();
    const announced = { ...header, ...length("4") };
    bench.assembler.accept(0, { flags: Flag.MORE, header: announced, payload: encodeUtf8("ab") });
    expect(bench.assembler.nextEvent()).toMatchObject({ kind: "started", announcedBytes: 4 });
    expect(bench.send({ text: "cd" })).toEqual(["message 4 abcd"]);
    for (const value of ["", "-1", "0x4", "9".repeat(17)]) {
      const other = new Bench();
      expect(other.send({ ...first, header: length(value) })).toEqual(["failed 4 xcp.chunk_state"]);
    }
  });

  test("CRC or tag failure: the rest is ignored, and never a truncated message delivered", () => {
    const bench = new Bench();
    bench.send(first);
    expect(bench.reject("more")).toEqual([]);
    expect(bench.assembler.partialBytes).toBe(0);
    expect(bench.send({ text: "ef" })).toEqual([]);
    expect(bench.send({ text: "again" })).toEqual(["message 4 again"]);
    bench.send(first);
    expect(bench.reject("last")).toEqual([]);
    expect(bench.assembler.isIdle(1)).toBe(true);
    // A first chunk that failed must not make the second look like the first.
    bench.reject("more");
    expect(bench.send({ text: "cd", more: "more" })).toEqual([]);
    expect(bench.send({ text: "ef" })).toEqual([]);
  });

  test("a rejected frame of another id ends the unfinished one", () => {
    const bench = new Bench();
    bench.send(first);
    expect(bench.reject("last", 9)).toEqual(["failed 4 xcp.chunk_state"]);
  });

  test("channels interleave", () => {
    const bench = new Bench();
    bench.send(first);
    expect(bench.send({ text: "12", more: "more", header: { channelId: 3, msgId: 5 } })).toEqual([
      "started 5",
    ]);
    expect(bench.send({ text: "34", header: { channelId: 3, msgId: 5 } })).toEqual([
      "message 5 1234",
    ]);
    expect(bench.send({ text: "cd" })).toEqual(["message 4 abcd"]);
  });

  test("all unfinished messages together are bounded: ERR_BUSY", () => {
    const bench = new Bench(10, 15);
    expect(bench.send({ text: "1234567890", more: "more" })).toEqual(["started 4"]);
    const other = { text: "123456", header: { channelId: 3, msgId: 5 } };
    expect(bench.send({ ...other, more: "more" })).toEqual(["failed 5 xcp.busy"]);
    expect(bench.send(other)).toEqual([]);
    expect(bench.send({ text: "" })).toEqual(["message 4 1234567890"]);
    expect(bench.send({ ...other, more: "more" })).toEqual(["started 5"]);
  });

  test("30 s without progress: ERR_CHUNK_TIMEOUT, and the rest is ignored", () => {
    const bench = new Bench();
    expect(bench.assembler.nextDeadlineUs()).toBeUndefined();
    bench.send({ ...first, atUs: 0 });
    bench.send({ ...first, atUs: SECOND_US, header: { channelId: 3, msgId: 5 } });
    bench.send({ text: "c", more: "more", atUs: 20 * SECOND_US });
    expect(bench.assembler.nextDeadlineUs()).toBe(31 * SECOND_US);
    bench.assembler.tick(31 * SECOND_US - 1);
    expect(bench.events()).toEqual([]);
    bench.assembler.tick(31 * SECOND_US);
    expect(bench.events()).toEqual(["failed 5 xcp.chunk_timeout"]);
    expect(bench.assembler.nextDeadlineUs()).toBe(50 * SECOND_US);
    bench.assembler.tick(60 * SECOND_US);
    expect(bench.events()).toEqual(["failed 4 xcp.chunk_timeout"]);
    expect(bench.send({ text: "late" })).toEqual([]);
    expect(bench.send({ text: "again" })).toEqual(["message 4 again"]);
  });

  test("§12: the index counts on, also where chunks are ignored", () => {
    const bench = new Bench();
    const { assembler } = bench;
    expect(assembler.indexOf(header)).toBe(0);
    bench.send(first);
    expect(assembler.indexOf(header)).toBe(1);
    expect(assembler.indexOf({ ...header, msgId: 5 })).toBe(0);
    bench.send({ text: "cd", more: "more" });
    expect(assembler.indexOf(header)).toBe(2);
    bench.reject("more");
    expect(assembler.indexOf(header)).toBe(3);
    bench.send({ text: "gh", more: "more" });
    expect(assembler.indexOf(header)).toBe(4);
    bench.send({ text: "ij" });
    expect(assembler.indexOf(header)).toBe(0);
  });
});

describe("a diverted message", () => {
  test("is handed over chunk by chunk, and nothing of it is kept", () => {
    const bench = new Bench();
    bench.send(first);
    bench.assembler.divert(1);
    expect(bench.events()).toEqual(["chunk 4 ab"]);
    expect(bench.assembler.partialBytes).toBe(0);
    expect(bench.send({ text: "cd", more: "more" })).toEqual(["chunk 4 cd"]);
    expect(bench.assembler.partialBytes).toBe(0);
    expect(bench.send({ text: "ef" })).toEqual(["chunk 4 ef", "ended 4"]);
    expect(bench.assembler.isIdle(1)).toBe(true);
  });

  test("has a limit of its own", () => {
    const bench = new Bench(3);
    bench.send(first);
    bench.assembler.divert(1, 5);
    expect(bench.send({ text: "cde", more: "more" })).toEqual(["chunk 4 ab", "chunk 4 cde"]);
    expect(bench.send({ text: "f", more: "more" })).toEqual(["failed 4 xcp.message_too_large"]);
  });

  test("ends like others do: abort, failure, its owner's giving up", () => {
    for (const [end, outcome] of [
      [(bench: Bench) => bench.send({ header: { tags: abort } }), ["aborted 4"]],
      [(bench: Bench) => bench.send({ more: "more" }), ["failed 4 xcp.chunk_state"]],
      [
        (bench: Bench) => {
          bench.assembler.abandon(1);
          return bench.send({ text: "ignored", more: "more" });
        },
        [],
      ],
    ] as const) {
      const bench = new Bench();
      bench.send(first);
      bench.assembler.divert(1);
      bench.events();
      expect(end(bench)).toEqual(outcome);
    }
  });

  test("small and large parts are gathered in order", () => {
    const { assembler } = new Bench(10_000_000);
    const parts = [1, 70_000, 100, 5000, 65_535, 65_536, 3].map((size, i) =>
      new Uint8Array(size).fill(i),
    );
    for (const [i, payload] of parts.entries()) {
      assembler.accept(0, { flags: i < parts.length - 1 ? Flag.MORE : 0, header, payload });
    }
    assembler.nextEvent();
    const event = assembler.nextEvent();
    const payload = event?.kind === "message" ? event.payload : new Uint8Array(0);
    expect(Buffer.compare(payload, concatBytes(parts))).toBe(0);
  });
});
