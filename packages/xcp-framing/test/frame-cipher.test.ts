import { describe, expect, test } from "@jest/globals";
import { concatBytes, crc32c, encodeUtf8, formatHex, parseHex } from "@proj/wire-types";
import {
  deriveKeys,
  deriveNonce,
  Flag,
  type FrameHeader,
  type FrameSealer,
  MsgType,
  NO_TAGS,
  type ReceivedFrame,
} from "@proj/xcp-framing";
import { nodeCrypto } from "#src/io/node-crypto.js";
import { nobleCrypto } from "#src/web/noble-crypto.js";
import { cipherPair, GOLDEN_KEY, goldenSalt, receive } from "./support/cipher-pair.js";
import { codeOf } from "./support/code-of.js";
import { golden, goldenVector } from "./support/golden.js";

const HOUR_US = 3_600_000_000;
const SECOND_US = 1_000_000;
const header: FrameHeader = {
  channelId: 1,
  msgType: MsgType.DATA,
  bodyCodec: 1,
  schemaKey: undefined,
  msgId: 2,
  inReplyTo: 0,
  tags: NO_TAGS,
};
const text = encodeUtf8("secret");

function seal(
  sealer: FrameSealer,
  more: Partial<FrameHeader> = {},
  options: { nowUs?: number; index?: number; flags?: number; payload?: Uint8Array } = {},
): ReceivedFrame {
  const { nowUs = 0, index = 0, flags = 0, payload = text } = options;
  const frame = { flags, header: { ...header, ...more }, payload };
  return receive(sealer.sealFrame(nowUs, "v0.2", frame, index, crc32c));
}

describe.each([
  ["node:crypto", nodeCrypto],
  ["@noble", nobleCrypto],
])("§12 with %s", (_name, crypto) => {
  test.each([
    ["keys-dir1-epoch0", 1, 0],
    ["keys-dir2-epoch0", 2, 0],
    ["keys-dir1-epoch1", 1, 1],
  ] as const)("%s are derived", (id, direction, epoch) => {
    const keys = deriveKeys(crypto, GOLDEN_KEY, goldenSalt(crypto), direction, epoch);
    expect(formatHex(keys.aeadKey)).toBe(goldenVector(id)["aead_key"]);
    expect(formatHex(keys.nonceKey)).toBe(goldenVector(id)["nonce_key"]);
  });

  test("the transcript and the nonces are derived", () => {
    expect(formatHex(goldenSalt(crypto).subarray(32))).toBe(goldenVector("transcript").hex);
    const nonceKey = parseHex(String(goldenVector("keys-dir1-epoch0")["nonce_key"]));
    const nonces = [0, 1].map((i) =>
      formatHex(deriveNonce(crypto, nonceKey, { msgId: 2, channelId: 1 }, i)),
    );
    expect(nonces).toEqual([
      goldenVector("nonce-2-1")["chunk0"],
      goldenVector("nonce-2-1")["chunk1"],
    ]);
  });

  test.each([
    ["frame-crypt", "json-text", 0, 0],
    ["frame-comp-crypt", "zstd-raw", 0, 0],
    ["frame-crypt-epoch1", "json-text", 0, 25 * HOUR_US],
  ])("%s is opened and sealed byte for byte", (id, plaintext, index, nowUs) => {
    const { sealer, opener } = cipherPair(crypto);
    const frame = receive(golden(id));
    expect(formatHex(opener.open(nowUs, frame, index))).toBe(formatHex(golden(plaintext)));
    const flags = frame.flags & Flag.COMP;
    const sealed = sealer.sealFrame(
      nowUs,
      "v0.2",
      { flags, header: frame.header, payload: golden(plaintext) },
      index,
      crc32c,
    );
    expect(formatHex(sealed)).toBe(formatHex(golden(id)));
  });

  test("frame-crypt-chunk-0 and -1 are opened and sealed byte for byte", () => {
    const { sealer, opener } = cipherPair(crypto);
    const chunks = ["frame-crypt-chunk-0", "frame-crypt-chunk-1"].map((id, i) => {
      const frame = receive(golden(id));
      const payload = opener.open(0, frame, i);
      const flags = frame.flags & Flag.MORE;
      const sealed = sealer.sealFrame(
        0,
        "v0.2",
        { flags, header: frame.header, payload },
        i,
        crc32c,
      );
      expect(formatHex(sealed)).toBe(formatHex(golden(id)));
      return payload;
    });
    expect(formatHex(concatBytes(chunks))).toBe(formatHex(golden("json-text")));
  });
});

describe("§12: opening", () => {
  test.each([
    ["MORE flipped", 5, Flag.MORE],
    ["ACKREQ flipped", 5, Flag.ACKREQ],
    ["VER changed", 4, 0x01],
    ["the header changed", 30, 0x01],
  ])("%s is ERR_DECRYPT_FAILED", (_what, at, bit) => {
    const { opener } = cipherPair(nodeCrypto);
    const bytes = golden("frame-crypt");
    bytes[at] = (bytes[at] ?? 0) ^ bit;
    expect(codeOf(() => opener.open(0, receive(bytes), 0))).toBe("xcp.decrypt_failed");
  });

  test("the wrong chunk index, direction, session or key is ERR_DECRYPT_FAILED", () => {
    const frame = receive(golden("frame-crypt"));
    const { opener } = cipherPair(nodeCrypto);
    expect(codeOf(() => opener.open(0, frame, 1))).toBe("xcp.decrypt_failed");
    const back = cipherPair(nodeCrypto, {}, 2);
    expect(codeOf(() => back.opener.open(0, frame, 0))).toBe("xcp.decrypt_failed");
    expect(opener.open(0, frame, 0)).toHaveLength(golden("json-text").length);
  });

  test("a payload shorter than a tag and msgId 0 are ERR_DECRYPT_FAILED", () => {
    const { opener } = cipherPair(nodeCrypto);
    const frame = receive(golden("frame-crypt"));
    const short = { ...frame, payload: frame.payload.subarray(0, 15) };
    const unnumbered = { ...frame, header: { ...frame.header, msgId: 0 } };
    expect(codeOf(() => opener.open(0, short, 0))).toBe("xcp.decrypt_failed");
    expect(codeOf(() => opener.open(0, unnumbered, 0))).toBe("xcp.decrypt_failed");
  });

  test("the same id in both directions gives different ciphertexts", () => {
    const there = seal(cipherPair(nodeCrypto).sealer);
    const back = seal(cipherPair(nodeCrypto, {}, 2).sealer);
    expect(formatHex(there.payload)).not.toBe(formatHex(back.payload));
  });

  test("an empty payload is 16 bytes of tag", () => {
    const { sealer, opener } = cipherPair(nodeCrypto);
    const frame = seal(sealer, {}, { payload: new Uint8Array(0) });
    expect(frame.payload).toHaveLength(16);
    expect(opener.open(0, frame, 0)).toHaveLength(0);
  });

  test("erased keys open nothing", () => {
    const { sealer, opener } = cipherPair(nodeCrypto);
    const frame = seal(sealer);
    opener.erase();
    expect(codeOf(() => opener.open(0, frame, 0))).toBe("xcp.decrypt_failed");
  });
});

describe("§12: sealing never uses a nonce twice", () => {
  test("msgId 0 is refused", () => {
    expect(() => seal(cipherPair(nodeCrypto).sealer, { msgId: 0 })).toThrow(RangeError);
  });

  test("an id is refused the second time, on any channel, until the next epoch", () => {
    const { sealer } = cipherPair(nodeCrypto);
    seal(sealer);
    expect(() => seal(sealer)).toThrow(RangeError);
    expect(() => seal(sealer, { channelId: 3 })).toThrow(RangeError);
    expect(sealer.epoch).toBe(0);
    seal(sealer, {}, { nowUs: 24 * HOUR_US });
    expect(sealer.epoch).toBe(1);
    expect(() => seal(sealer, {}, { nowUs: 24 * HOUR_US })).toThrow(RangeError);
  });

  test("chunks come in order, each once, on one channel", () => {
    const { sealer } = cipherPair(nodeCrypto);
    const chunk = (index: number, more: number = Flag.MORE, channelId = 1): ReceivedFrame =>
      seal(sealer, { channelId }, { index, flags: more });
    expect(() => chunk(1)).toThrow(RangeError);
    chunk(0);
    expect(() => chunk(0)).toThrow(RangeError);
    expect(() => chunk(2)).toThrow(RangeError);
    expect(() => chunk(1, Flag.MORE, 3)).toThrow(RangeError);
    chunk(1);
    expect(() => chunk(1)).toThrow(RangeError);
    chunk(2, 0);
    expect(() => chunk(3)).toThrow(RangeError);
  });

  test("a message that began in the epoch before must not begin again in this one", () => {
    const { sealer } = cipherPair(nodeCrypto, { maxFrames: 1 });
    seal(sealer, {}, { flags: Flag.MORE });
    seal(sealer, {}, { flags: Flag.MORE, index: 1 });
    expect(sealer.epoch).toBe(1);
    const another = cipherPair(nodeCrypto, { maxFrames: 2 }).sealer;
    seal(another, { msgId: 9 });
    seal(another, {}, { flags: Flag.MORE });
    seal(another, {}, { flags: Flag.MORE, index: 1 });
    expect(another.epoch).toBe(1);
    expect(() => seal(another, {}, { flags: Flag.MORE })).toThrow(RangeError);
  });

  test("ids far below the highest are refused: they may have been used", () => {
    const { sealer } = cipherPair(nodeCrypto);
    seal(sealer, { msgId: 70_000 });
    seal(sealer, { msgId: 70_000 - 65_535 });
    expect(() => seal(sealer, { msgId: 70_000 - 65_536 })).toThrow(RangeError);
    seal(sealer, { msgId: 2n ** 64n - 1n });
  });
});

describe("§12: rotation", () => {
  test.each([
    ["24 h", { maxAgeUs: 10 * SECOND_US }, 10 * SECOND_US],
    ["bytes", { maxBytes: 60 }, 0],
    ["frames", { maxFrames: 2 }, 0],
  ])(
    "the sender moves on before the limit of %s, and the receiver follows",
    (_what, rotation, step) => {
      const { sealer, opener } = cipherPair(nodeCrypto, rotation);
      const epochs = [2, 3, 4, 5, 6].map((msgId, i) => {
        const nowUs = (i >> 1) * step;
        const frame = seal(sealer, { msgId }, { nowUs });
        expect((frame.flags & Flag.KPHASE) !== 0).toBe(sealer.epoch % 2 === 1);
        expect(formatHex(opener.open(nowUs, frame, 0))).toBe(formatHex(text));
        expect(opener.epoch).toBe(sealer.epoch);
        return sealer.epoch;
      });
      expect(epochs).toEqual([0, 0, 1, 1, 2]);
    },
  );

  test("a frame larger than an epoch's bytes gets an epoch of its own", () => {
    const { sealer } = cipherPair(nodeCrypto, { maxBytes: 30 });
    const payload = new Uint8Array(100);
    expect([2, 3].map((msgId) => (seal(sealer, { msgId }, { payload }), sealer.epoch))).toEqual([
      0, 1,
    ]);
  });

  test("keys of the epoch before are kept for 60 s: channels overtake each other", () => {
    const { sealer, opener } = cipherPair(nodeCrypto, { maxFrames: 2 });
    const frames = [2, 3, 4].map((msgId) => seal(sealer, { msgId }));
    const [a, b, c] = frames as [ReceivedFrame, ReceivedFrame, ReceivedFrame];
    opener.open(0, c, 0);
    expect(opener.epoch).toBe(1);
    expect(opener.open(60 * SECOND_US - 1, a, 0)).toHaveLength(text.length);
    expect(opener.epoch).toBe(1);
    expect(codeOf(() => opener.open(60 * SECOND_US, b, 0))).toBe("xcp.decrypt_failed");
  });

  test("or until the epoch after next begins", () => {
    const { sealer, opener } = cipherPair(nodeCrypto, { maxFrames: 1 });
    const [a, b, c] = [2, 3, 4].map((msgId) => seal(sealer, { msgId })) as [
      ReceivedFrame,
      ReceivedFrame,
      ReceivedFrame,
    ];
    opener.open(0, b, 0);
    opener.open(0, c, 0);
    expect(opener.epoch).toBe(2);
    expect(codeOf(() => opener.open(0, a, 0))).toBe("xcp.decrypt_failed");
    expect(opener.open(0, b, 0)).toHaveLength(text.length);
  });

  test("an epoch is entered only by a tag that verifies", () => {
    const { sealer, opener } = cipherPair(nodeCrypto);
    const forged = receive(golden("frame-crypt-epoch1"));
    const payload = forged.payload.slice();
    payload[0] = (payload[0] ?? 0) ^ 1;
    expect(codeOf(() => opener.open(0, { ...forged, payload }, 0))).toBe("xcp.decrypt_failed");
    expect(opener.epoch).toBe(0);
    // An attempt long before must not make the next epoch look old.
    expect(opener.open(24 * HOUR_US, seal(sealer), 0)).toHaveLength(text.length);
    opener.open(24 * HOUR_US, forged, 0);
    const late = seal(sealer, { msgId: 3 }, { nowUs: 25 * HOUR_US });
    expect(opener.open(47 * HOUR_US, late, 0)).toHaveLength(text.length);
  });

  test("an epoch past its limits by more than a frame, or 5 min, is ERR_KEY_EXPIRED", () => {
    const generous = cipherPair(nodeCrypto).sealer;
    const frames = [2, 3, 4].map((msgId) => seal(generous, { msgId }));
    const [a, b, c] = frames as [ReceivedFrame, ReceivedFrame, ReceivedFrame];
    const { opener } = cipherPair(nodeCrypto, { maxBytes: 30 });
    opener.open(0, a, 0);
    opener.open(0, b, 0);
    expect(codeOf(() => opener.open(0, c, 0))).toBe("xcp.key_expired");

    const { opener: old } = cipherPair(nodeCrypto);
    expect(old.open(24 * HOUR_US + 299 * SECOND_US, a, 0)).toHaveLength(text.length);
    expect(codeOf(() => old.open(24 * HOUR_US + 300 * SECOND_US, b, 0))).toBe("xcp.key_expired");
  });

  test("a message's chunks may span epochs, the index goes on", () => {
    const { sealer, opener } = cipherPair(nodeCrypto, { maxFrames: 2 });
    for (const index of [0, 1, 2, 3]) {
      const frame = seal(sealer, {}, { index, flags: index < 3 ? Flag.MORE : 0 });
      expect(sealer.epoch).toBe(index >> 1);
      expect(opener.open(0, frame, index)).toHaveLength(text.length);
    }
  });

  test("§10: a frame sent again across a rekey is the identical one, and opens for 60 s", () => {
    const { sealer, opener } = cipherPair(nodeCrypto, { maxFrames: 1 });
    const sent = seal(sealer);
    opener.open(0, seal(sealer, { msgId: 3 }), 0);
    expect(formatHex(opener.open(30 * SECOND_US, sent, 0))).toBe(formatHex(text));
  });
});
