import { expect, test } from "@jest/globals";
import {
  type Aead,
  backoffMs,
  type ConnectionOptions,
  type FrameEvent,
  type FrameHeader,
  type IncomingMessage,
  type MessageHandler,
  type MsgId,
  NO_TAGS,
  type OutgoingMessage,
  type Platform,
  type Profile,
  type RequestOptions,
  resolveXcpLimits,
  type StreamSink,
  type XcpCode,
  XcpError,
  type XcpLimits,
} from "@proj/xcp-framing";
import { nodePlatform, parseTransportUrl } from "@proj/xcp-framing/node";

/** Fails to compile unless both types are the same. */
function same<A>(value: A): {
  as<B>(..._: [A] extends [B] ? ([B] extends [A] ? [] : [never]) : [never]): A;
} {
  return { as: () => value };
}

const body = new Uint8Array(1);
const header: FrameHeader = {
  channelId: 1,
  msgType: 0x0100,
  bodyCodec: 8,
  schemaKey: undefined,
  msgId: 2n ** 63n,
  inReplyTo: 0,
  tags: NO_TAGS,
};

test("ids are numbers or bigints, and headers cannot be changed", () => {
  same(header.msgId).as<MsgId>();
  same<MsgId>(1).as<number | bigint>();
  // @ts-expect-error -- a header is read-only
  const change = (): void => void (header.channelId = 2);
  expect(change).toBeInstanceOf(Function);
});

test("a message needs a codec and a body of bytes, whole or streamed", () => {
  const whole: OutgoingMessage = { bodyCodec: 8, body };
  const streamed: OutgoingMessage = { bodyCodec: 8, body: (async function* () {})() };
  // @ts-expect-error -- no codec
  const noCodec: OutgoingMessage = { body };
  // @ts-expect-error -- a text is no body
  const text: OutgoingMessage = { bodyCodec: 8, body: "text" };
  // @ts-expect-error -- the choices are auto, never and a level
  const compressed: OutgoingMessage = { bodyCodec: 8, body, compress: "always" };
  // @ts-expect-error -- an option is left out, not undefined
  const options: RequestOptions = { timeoutMs: undefined };
  expect([whole, streamed, noCodec, text, compressed, options]).toHaveLength(6);
});

test("a handler answers with a message, with nothing, or with a promise of either", () => {
  const handlers: MessageHandler[] = [
    (message) => ({ bodyCodec: message.bodyCodec, body: same(message).as<IncomingMessage>().body }),
    () => undefined,
    async (_message, context) => {
      same(context.signal).as<AbortSignal>();
      return undefined;
    },
    // @ts-expect-error -- bytes alone are no message
    () => body,
  ];
  const sink: StreamSink = { chunk: () => undefined, end: () => undefined, abort: () => undefined };
  expect([...handlers, sink]).toHaveLength(5);
});

test("options name the platform, and what has few choices", () => {
  const options: ConnectionOptions = { platform: nodePlatform, cryptPolicy: "required" };
  // @ts-expect-error -- there is no platform by default: a core has none
  const bare: ConnectionOptions = {};
  // @ts-expect-error -- off, allowed or required
  const policy: ConnectionOptions = { platform: nodePlatform, cryptPolicy: true };
  same<Profile>("v0.2").as<"v0.2" | "v0.2-json" | "v0.1">();
  same(nodePlatform).as<Platform>();
  expect([options, bare, policy]).toHaveLength(3);
});

test("errors carry a code of the table, and limits are a closed list", () => {
  same<XcpCode>(new XcpError("xcp.busy", "full").code).as<XcpCode>();
  // @ts-expect-error -- no such code
  expect(() => new XcpError("xcp.nothing", "")).toThrow();
  const limits: XcpLimits = resolveXcpLimits({ sealedFrameBytes: 65_536 });
  // @ts-expect-error -- no such limit
  expect(() => resolveXcpLimits({ maxNothing: 1 })).toThrow();
  expect(limits.sealedFrameBytes).toBe(65_536);
});

test("a frame event is narrowed by its kind", () => {
  const read = (event: FrameEvent): number =>
    event.kind === "frame" ? event.payload.length : event.error.wire;
  // @ts-expect-error -- a rejected frame has no payload
  const wrong = (event: FrameEvent): number => event.payload.length;
  expect([read, wrong]).toHaveLength(2);
});

test("the rest of the surface says what it takes", () => {
  const aead: Aead = nodePlatform.crypto.chacha20Poly1305(new Uint8Array(32));
  same(aead.open).as<Aead["open"]>();
  aead.erase();
  same(parseTransportUrl("xcp://host").scheme).as<"xcp" | "xcps" | "ws" | "wss" | "h2" | "h2c">();
  // @ts-expect-error -- no such scheme
  expect(() => parseTransportUrl("http://host", ["http"])).not.toThrow(TypeError);
  same(backoffMs(nodePlatform.random, 0)).as<number>();
});
