import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "@jest/globals";
import { command, describeWith } from "@proj/peers";
import { CodecId, formatHex } from "@proj/wire-types";
import {
  decodeClarifyReq,
  decodeHello,
  decodeNack,
  encodeAck,
  encodeClarifyReq,
  encodeClarifyRes,
  encodeConfirmReq,
  encodeConfirmRes,
  encodeErrorBody,
  encodeGoaway,
  encodeHello,
  encodeNack,
  encodePing,
  encodeRelease,
  encodeUnsupported,
} from "@proj/xcp-framing";
import protobuf from "protobufjs";
import { golden } from "../support/golden.js";

const { PROTOBUF } = CodecId;
const proto = fileURLToPath(new URL("../../proto/xcp.proto", import.meta.url));
const root = protobuf.loadSync(proto);
const values = new Map([["/payload/top_k", Uint8Array.of(0x83, 0x28)]]);

const hello = {
  codecs: [1, 8, 32, 65_535],
  maxFrameBytes: 1_048_576,
  accepts: [{ kindId: 0xbde64e3e, major: 1, minMinor: 0, maxMinor: 5 }],
  emits: [],
  sharedMem: true,
  verMinor: 2,
  agent: "agent ä",
  features: 0,
  maxMessageBytes: 2 ** 40,
  converters: [{ fromKind: 1, fromMajor: 2, toKind: 3, toMajor: 4, cost: 5 }],
  sessionNonce: new Uint8Array(16).fill(1),
  shmProbe: { uri: "shm://a", sha256: new Uint8Array(32).fill(3) },
  auth: Uint8Array.of(0, 255),
};
const clarify = {
  msgId: 42,
  reason: 2,
  fields: [{ path: "/a", reason: 1, hint: "h" }],
  question: "which?",
  options: ["x", "y"],
};

const bodies: readonly (readonly [string, Uint8Array])[] = [
  ["Hello", encodeHello(hello, PROTOBUF)],
  ["Ack", encodeAck({ msgId: 2n ** 64n - 1n, moreIds: [1, 2n ** 53n] }, PROTOBUF)],
  ["Nack", encodeNack({ msgId: 7, errorCode: 260, retryAfterMs: 5, detail: "ü" }, PROTOBUF)],
  ["Ping", encodePing({ nonce: 2 ** 40 }, PROTOBUF)],
  ["ClarifyReq", encodeClarifyReq(clarify, PROTOBUF)],
  [
    "ClarifyRes",
    encodeClarifyRes({ msgId: 1, idempotencyKey: "k", values, declined: true }, PROTOBUF),
  ],
  [
    "ConfirmReq",
    encodeConfirmReq({ msgId: 1, plan: "p", params: values, deadlineMs: 9 }, PROTOBUF),
  ],
  [
    "ConfirmRes",
    encodeConfirmRes({ msgId: 1, decision: 3, corrections: values, note: "n" }, PROTOBUF),
  ],
  ["Unsupported", encodeUnsupported({ msgId: 1, codec: 32, msgType: 256, kindId: 9 }, PROTOBUF)],
  ["Error", encodeErrorBody({ errorCode: 257, detail: "why" }, PROTOBUF)],
  ["Goaway", encodeGoaway({ lastMsgId: 5, reason: 2 }, PROTOBUF)],
  ["Release", encodeRelease({ msgId: 3, lease: "lease" }, PROTOBUF)],
];

describe("§6..§8: protobufjs with the shipped xcp.proto", () => {
  test.each(bodies)("reads our %s and writes the same bytes", (name, ours) => {
    const type = root.lookupType(`xcp.${name}`);
    expect(formatHex(type.encode(type.decode(ours)).finish())).toBe(formatHex(ours));
  });

  test("writes bodies that we read", () => {
    const type = root.lookupType("xcp.Nack");
    const nack = type.encode(type.create({ msgId: 7, errorCode: 2, detail: "d" })).finish();
    expect(decodeNack(nack, PROTOBUF)).toEqual({ msgId: 7, errorCode: 2, detail: "d" });
    const decoded = root.lookupType("xcp.Hello").decode(encodeHello(hello, PROTOBUF));
    expect(decodeHello(root.lookupType("xcp.Hello").encode(decoded).finish(), PROTOBUF)).toEqual(
      hello,
    );
  });
});

describeWith("§6..§8: protoc", command("protoc"), (protoc) => {
  const folder = fileURLToPath(new URL("../../proto/", import.meta.url));
  const run = (what: string, type: string, input: Uint8Array): Buffer =>
    execFileSync(protoc, [`--proto_path=${folder}`, `--${what}=xcp.${type}`, proto], { input });

  test.each(bodies)("reads our %s and writes the same bytes", (name, ours) => {
    const text = run("decode", name, ours);
    expect(text.length).toBeGreaterThan(0);
    // Unknown fields would be printed by their numbers.
    expect(text.toString()).not.toMatch(/^\s*\d+:/m);
    expect(formatHex(run("encode", name, text))).toBe(formatHex(ours));
  });

  test("reads the golden bodies", () => {
    expect(run("decode", "Hello", golden("pb-hello")).toString()).toContain("max_minor: 5");
    const req = run("decode", "ClarifyReq", golden("pb-clarify-req"));
    expect(decodeClarifyReq(run("encode", "ClarifyReq", req), PROTOBUF).question).toBe("top_k?");
  });
});
