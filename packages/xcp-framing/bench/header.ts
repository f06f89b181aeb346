import { type BenchCase, type Peer, runSuite } from "@proj/bench";
import { fnv1a32 } from "@proj/wire-types";
import { encodeJsonHeader, decodeJsonHeader } from "#src/wire/header-json.js";
import { encodeCapnpHeader, decodeCapnpHeader } from "#src/wire/header-capnp.js";
import type { FrameHeader } from "@proj/xcp-framing";

const plain: FrameHeader = {
  channelId: 1,
  msgType: 0x0100,
  bodyCodec: 8,
  schemaKey: undefined,
  msgId: 123456,
  inReplyTo: 0,
  tags: [],
};
const keyed: FrameHeader = {
  ...plain,
  schemaKey: {
    nsHash: fnv1a32("xcp.std"),
    kindId: fnv1a32("embedding"),
    major: 1,
    minor: 0,
    hash128: new Uint8Array(16).fill(7),
  },
};
const tagged: FrameHeader = { ...keyed, tags: [{ key: "trace_id", val: "4bf92f3577b34da6" }] };

const encoder = new TextEncoder();
const decoder = new TextDecoder();

await runSuite({
  name: "header",
  question: "How long does it take to encode and decode one frame header?",
  cases: [
    roundTrip("no key, no tags", plain),
    roundTrip("schema key", keyed),
    roundTrip("schema key and one tag", tagged),
  ],
});

function roundTrip(name: string, header: FrameHeader): BenchCase {
  return {
    name,
    pace: { kind: "batch" },
    peers: [
      peer("Cap'n Proto", () => decodeCapnpHeader(encodeCapnpHeader(header))),
      {
        ...peer("JSON", () => decodeJsonHeader(encodeJsonHeader(header))),
        ...(header === plain ? { target: { atMost: 1 / 20 } } : {}),
      },
      peer("JSON, as the reference does it", () => jsonRoundTrip(header)),
    ],
  };
}

function peer(name: string, run: () => unknown): Peer {
  return { name, open: () => ({ run }) };
}

// The built-in functions alone, without checks and without exact 64-bit ids.
function jsonRoundTrip(header: FrameHeader): unknown {
  const { hash128, ...key } = header.schemaKey ?? { nsHash: 0, kindId: 0, major: 0, minor: 0 };
  const hex = Buffer.from(hash128 ?? new Uint8Array(16)).toString("hex");
  const text = JSON.stringify({ ...header, schemaKey: { ...key, hash128: hex } });
  return JSON.parse(decoder.decode(encoder.encode(text)));
}
