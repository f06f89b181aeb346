import { describe, expect, test } from "@jest/globals";
import { CodecId, decodeUtf8, encodeUtf8, formatHex, parseHex } from "@proj/wire-types";
import {
  type ControlCodec,
  decodeAck,
  decodeClarifyReq,
  decodeClarifyRes,
  decodeConfirmReq,
  decodeConfirmRes,
  decodeErrorBody,
  decodeGoaway,
  decodeHello,
  decodeNack,
  decodePing,
  decodeRelease,
  decodeUnsupported,
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
  type Hello,
} from "@proj/xcp-framing";
import { codeOf } from "../support/code-of.js";
import { golden } from "../support/golden.js";

const { JSON: JSON_CODEC, PROTOBUF } = CodecId;
const BIG = 2n ** 64n - 1n;
const bare: Hello = { codecs: [], accepts: [], emits: [], sharedMem: false, features: undefined };
const rich: Hello = {
  codecs: [1, 8, 32],
  maxFrameBytes: 1_048_576,
  accepts: [{ kindId: 0xbde64e3e, major: 1, minMinor: 0, maxMinor: 5 }],
  emits: [{ kindId: 0, major: 0, minMinor: 0, maxMinor: 0 }],
  sharedMem: true,
  verMajor: 1,
  verMinor: 2,
  agent: "agent ä",
  features: 0x7f,
  maxMessageBytes: 2 ** 40,
  maxInflight: 7,
  dedupWindow: 64,
  converters: [{ fromKind: 1, fromMajor: 2, toKind: 3, toMajor: 4, cost: 5 }],
  codecPolicy: 2,
  sessionNonce: new Uint8Array(16).fill(1),
  sessionId: new Uint8Array(16).fill(2),
  shmProbe: { uri: "shm://a", sha256: new Uint8Array(32).fill(3) },
  shmProof: new Uint8Array(32).fill(4),
  auth: Uint8Array.of(0, 255),
  maxTokens: 9,
  maxVectorDims: 10,
};

type Coder = readonly [
  (body: never, codec: ControlCodec) => Uint8Array,
  (bytes: Uint8Array, codec: ControlCodec) => unknown,
];
const HELLO: Coder = [encodeHello, decodeHello];
const values = new Map([
  ["/payload/__proto__", Uint8Array.of(0x83, 2)],
  ["", new Uint8Array(0)],
]);

const bodies: readonly (readonly [string, Coder, object])[] = [
  ["HELLO with every field", HELLO, rich],
  ["HELLO with none", HELLO, bare],
  ["HELLO with features 0", HELLO, { ...bare, features: 0 }],
  ["ACK", [encodeAck, decodeAck], { msgId: BIG, moreIds: [1, 2n ** 53n, 3] }],
  ["NACK", [encodeNack, decodeNack], { msgId: 7, errorCode: 0x104, retryAfterMs: 5, detail: "ü" }],
  ["PING", [encodePing, decodePing], { nonce: BIG }],
  [
    "CLARIFY_REQ",
    [encodeClarifyReq, decodeClarifyReq],
    {
      msgId: 42,
      reason: 2,
      fields: [
        { path: "/a", reason: 1, hint: "a hint" },
        { path: "", reason: 0 },
      ],
      question: "which?",
      deadlineMs: 1,
      options: ["x", "", "y"],
    },
  ],
  [
    "CLARIFY_RES",
    [encodeClarifyRes, decodeClarifyRes],
    { msgId: 42, idempotencyKey: "k", values, declined: true },
  ],
  [
    "CONFIRM_REQ",
    [encodeConfirmReq, decodeConfirmReq],
    { msgId: 42, plan: "p", params: values, deadlineMs: 4 },
  ],
  [
    "CONFIRM_RES",
    [encodeConfirmRes, decodeConfirmRes],
    { msgId: 42, decision: 3, corrections: values, note: "n" },
  ],
  [
    "UNSUPPORTED",
    [encodeUnsupported, decodeUnsupported],
    { msgId: 1, codec: 32, msgType: 256, kindId: 0xffffffff },
  ],
  ["ERROR", [encodeErrorBody, decodeErrorBody], { errorCode: 0x0101, detail: "why" }],
  ["GOAWAY", [encodeGoaway, decodeGoaway], { lastMsgId: BIG, reason: 2 }],
  ["RELEASE", [encodeRelease, decodeRelease], { msgId: 3, lease: "lease" }],
];

const goldenBodies: readonly (readonly [string, Coder, object])[] = [
  [
    "pb-hello",
    HELLO,
    {
      ...bare,
      codecs: [1, 8, 32],
      maxFrameBytes: 1_048_576,
      accepts: [{ kindId: 0xbde64e3e, major: 1, minMinor: 0, maxMinor: 5 }],
      sharedMem: true,
      verMinor: 2,
    },
  ],
  ["pb-caps", HELLO, { ...bare, codecs: [32, 8, 1], maxFrameBytes: 524_288, verMinor: 2 }],
  [
    "pb-hello-crypt",
    HELLO,
    {
      ...bare,
      codecs: [1, 8, 32],
      maxFrameBytes: 1_048_576,
      verMinor: 2,
      features: 2,
      sessionNonce: new Uint8Array(16).fill(0xa1),
    },
  ],
  [
    "pb-caps-crypt",
    HELLO,
    {
      ...bare,
      codecs: [32, 8, 1],
      maxFrameBytes: 1_048_576,
      verMinor: 2,
      features: 2,
      sessionNonce: new Uint8Array(16).fill(0xb2),
    },
  ],
  ["pb-ack", [encodeAck, decodeAck], { msgId: 7 }],
  ["pb-nack", [encodeNack, decodeNack], { msgId: 7, errorCode: 2, retryAfterMs: 250 }],
  ["pb-nack-ext", [encodeNack, decodeNack], { msgId: 7, errorCode: 0x0104, detail: "crc" }],
  ["pb-ping", [encodePing, decodePing], { nonce: 1_795_230_449_501_688 }],
  [
    "pb-clarify-req",
    [encodeClarifyReq, decodeClarifyReq],
    { msgId: 42, reason: 1, fields: [{ path: "/payload/top_k", reason: 1 }], question: "top_k?" },
  ],
  [
    "pb-clarify-res",
    [encodeClarifyRes, decodeClarifyRes],
    {
      msgId: 42,
      idempotencyKey: "t42",
      values: new Map([["/payload/top_k", Uint8Array.of(0x83, 0x28)]]),
      declined: false,
    },
  ],
];

describe("§6..§8: control bodies", () => {
  test.each(goldenBodies)("%s is written and read", (id, [encode, decode], body) => {
    expect(formatHex(encode(body as never, PROTOBUF))).toBe(formatHex(golden(id)));
    expect(decode(golden(id), PROTOBUF)).toEqual(body);
  });

  test.each(bodies)("%s survives both codecs", (_name, [encode, decode], body) => {
    expect(decode(encode(body as never, PROTOBUF), PROTOBUF)).toEqual(body);
    expect(decode(encode(body as never, JSON_CODEC), JSON_CODEC)).toEqual(body);
  });

  test("§5.1: HELLO in JSON is written as the reference writes it", () => {
    const hello = { ...bare, codecs: [1, 8], maxFrameBytes: 1_048_576 };
    const frame = decodeUtf8(golden("json-hello").subarray(8 + 0xb0 + 4, -4));
    expect(decodeUtf8(encodeHello(hello, JSON_CODEC))).toBe(frame);
    expect(decodeHello(encodeUtf8(frame), JSON_CODEC)).toEqual(hello);
  });

  test("§7: an empty body is one whose fields are all absent", () => {
    expect(decodePing(new Uint8Array(0), PROTOBUF)).toEqual({ nonce: 0 });
    expect(decodePing(new Uint8Array(0), JSON_CODEC)).toEqual({ nonce: 0 });
  });

  test("§6: u64 fields above 2^53-1 are decimal strings in JSON", () => {
    expect(decodeUtf8(encodePing({ nonce: BIG }, JSON_CODEC))).toBe(
      '{"nonce":"18446744073709551615"}',
    );
    expect(decodePing(encodeUtf8('{"nonce":"7"}'), JSON_CODEC)).toEqual({ nonce: 7 });
    expect(decodePing(encodeUtf8('{"nonce":null}'), JSON_CODEC)).toEqual({ nonce: 0 });
  });

  test("§6: codecs may come packed or one by one", () => {
    expect(decodeHello(parseHex("080108080820"), PROTOBUF).codecs).toEqual([1, 8, 32]);
    expect(decodeHello(parseHex("08010a0208200820"), PROTOBUF).codecs).toEqual([1, 8, 32, 32]);
  });

  test("unknown fields of every wire type are skipped, of duplicates the last wins", () => {
    const unknown = "f80601 f9060000000000000000 fa0603aabbcc fb06 0801 fc06 fd0600000000";
    const bytes = parseHex(`0801${unknown.replaceAll(" ", "")}0807`);
    expect(decodeAck(bytes, PROTOBUF)).toEqual({ msgId: 7 });
    expect(decodeAck(encodeUtf8('{"x":[1],"msg_id":1,"msg_id":7}'), JSON_CODEC)).toEqual({
      msgId: 7,
    });
    // A field of another wire type than its own is unknown too.
    expect(decodeAck(parseHex("0d01000000"), PROTOBUF)).toEqual({ msgId: 0 });
  });

  test("a peer's larger numbers are clamped or cut where only part of them matters", () => {
    const hello = decodeHello(parseHex(`9801${"ff".repeat(9)}01a001${"ff".repeat(9)}01`), PROTOBUF);
    expect(hello.features).toBe(0xffff_ffff);
    expect(hello.maxMessageBytes).toBe(Number.MAX_SAFE_INTEGER);
  });

  test.each([
    ["a codec above 65 535", parseHex("0a03808004"), PROTOBUF],
    ["a major above 65 535", parseHex("1a0410808004"), PROTOBUF],
    ["max_frame_bytes below 32", parseHex("101f"), PROTOBUF],
    ["dedup_window below 64", parseHex("b0013f"), PROTOBUF],
    ["dedup_window above 65 536", parseHex("b001818004"), PROTOBUF],
    ["codec_policy 3", parseHex("c00103"), PROTOBUF],
    ["a session_nonce of 15 bytes", parseHex(`ca010f${"00".repeat(15)}`), PROTOBUF],
    ["an agent that is not UTF-8", parseHex("920101ff"), PROTOBUF],
    ["a field that does not end", parseHex("0a05"), PROTOBUF],
    ["a varint of 11 bytes", parseHex(`10${"80".repeat(10)}00`), PROTOBUF],
    ["a u32 above 2^32-1", parseHex("108080808010"), PROTOBUF],
    ["field number 0", parseHex("0000"), PROTOBUF],
    ["an end of no group", parseHex("0c"), PROTOBUF],
    ["groups without end", parseHex("fb06".repeat(2000)), PROTOBUF],
    ["more than 4096 codecs", parseHex(`0a8120${"01".repeat(4097)}`), PROTOBUF],
    ["JSON that is none", encodeUtf8("{"), JSON_CODEC],
    ["JSON that is no object", encodeUtf8("[]"), JSON_CODEC],
    ["codecs that are no list", encodeUtf8('{"codecs":1}'), JSON_CODEC],
    ["a codec that is no integer", encodeUtf8('{"codecs":[1.5]}'), JSON_CODEC],
    ["a nonce that is no base64", encodeUtf8('{"session_nonce":"*"}'), JSON_CODEC],
    ["shared_mem that is no boolean", encodeUtf8('{"shared_mem":1}'), JSON_CODEC],
  ])("§6: %s is ERR_HELLO_INVALID", (_what, bytes, codec) => {
    expect(codeOf(() => decodeHello(bytes, codec))).toBe("xcp.hello_invalid");
  });

  test("§8: an idempotency_key of more than 128 bytes is ERR_BODY_MALFORMED", () => {
    const body = { msgId: 1, idempotencyKey: "k".repeat(129), values: new Map(), declined: false };
    for (const codec of [JSON_CODEC, PROTOBUF]) {
      expect(codeOf(() => decodeClarifyRes(encodeClarifyRes(body, codec), codec))).toBe(
        "xcp.body_malformed",
      );
    }
  });

  test("§9: a detail is cut at 256 bytes, between characters", () => {
    const detail = `${"x".repeat(255)}€`;
    const nack = decodeNack(encodeNack({ msgId: 1, errorCode: 2, detail }, PROTOBUF), PROTOBUF);
    expect(nack.detail).toBe("x".repeat(255));
    const error = encodeErrorBody({ errorCode: 2, detail: "€".repeat(86) }, JSON_CODEC);
    expect(decodeErrorBody(error, JSON_CODEC).detail).toBe("€".repeat(85));
  });

  test("nothing that was decoded refers to the bytes", () => {
    const bytes = encodeHello(rich, PROTOBUF);
    const hello = decodeHello(bytes, PROTOBUF);
    bytes.fill(0);
    expect(hello).toEqual(rich);
  });
});
