import { SeededRandom } from "@proj/wire-types";
import type { FrameHeader } from "@proj/xcp-framing";

const plain: FrameHeader = {
  channelId: 1,
  msgType: 0x100,
  bodyCodec: 1,
  schemaKey: undefined,
  msgId: 7,
  inReplyTo: 0,
  tags: [],
};
const key = { nsHash: 0x60bff317, kindId: 0xffff_ffff, major: 1, minor: 65_535 };
const hash128 = new SeededRandom(3).fill(new Uint8Array(16));

/** Headers that between them use every field at its bounds. */
export const sampleHeaders: readonly (readonly [string, FrameHeader])[] = [
  ["without key and tags", plain],
  ["with all fields zero", { ...plain, channelId: 0, msgType: 0, bodyCodec: 0, msgId: 0 }],
  ["with a key without hash", { ...plain, schemaKey: key }],
  ["with a full key", { ...plain, schemaKey: { ...key, hash128 } }],
  [
    "with the largest numbers",
    {
      ...plain,
      channelId: 0xffff_ffff,
      msgType: 0xffff,
      bodyCodec: 0xffff,
      msgId: 2n ** 64n - 1n,
      inReplyTo: 2n ** 53n,
    },
  ],
  [
    "with tags",
    {
      ...plain,
      tags: [
        { key: "trace_id", val: "t-1" },
        { key: "", val: "" },
        { key: "seven77", val: "ä€😀" },
        { key: "long", val: "x".repeat(4096) },
      ],
    },
  ],
  [
    "with key and 64 tags",
    {
      ...plain,
      schemaKey: { ...key, hash128 },
      tags: Array.from({ length: 64 }, (_, i) => ({ key: `k${i}`, val: "v".repeat(i) })),
    },
  ],
];
