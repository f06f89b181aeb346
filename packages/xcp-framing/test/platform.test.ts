import { describe, expect, test } from "@jest/globals";
import { concatBytes, encodeUtf8, formatHex, parseHex, SeededRandom } from "@proj/wire-types";
import fc from "fast-check";
import { nodeCrypto } from "#src/io/node-crypto.js";
import { nodePlatform } from "#src/io/node-platform.js";
import type { Aead } from "@proj/xcp-framing";
import { nobleCrypto } from "#src/web/noble-crypto.js";
import { createWebPlatform } from "#src/web/web-platform.js";
import { fuzzRuns } from "../../../tools/jest/fuzz-runs.js";

const runs = fuzzRuns(50);
const bytes = (maxLength: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength });
const exactly = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });

describe.each([
  ["node:crypto", nodeCrypto],
  ["@noble", nobleCrypto],
])("%s", (_name, crypto) => {
  // RFC 8439 §2.8.2
  const key = Uint8Array.from({ length: 32 }, (_, i) => 0x80 + i);
  const nonce = parseHex("070000004041424344454647");
  const aad = parseHex("50515253c0c1c2c3c4c5c6c7");
  const plaintext = encodeUtf8(
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
  );

  test("seals the example of RFC 8439", () => {
    const sealed = seal(crypto.chacha20Poly1305(key), nonce, aad, plaintext);
    expect(formatHex(sealed.subarray(0, 16))).toBe("d31a8d34648e60db7b86afbc53ef7ec2");
    expect(formatHex(sealed.subarray(-16))).toBe("1ae10b594f09e26a7e902ecbd0600691");
    expect(open(crypto.chacha20Poly1305(key), nonce, aad, sealed)).toEqual(plaintext);
  });

  test("gives nothing out when the tag, the data or the AAD is wrong", () => {
    const aead = crypto.chacha20Poly1305(key);
    const sealed = seal(aead, nonce, aad, plaintext);
    for (const at of [0, 60, sealed.length - 1]) {
      const broken = sealed.slice();
      broken[at] = (broken[at] ?? 0) ^ 1;
      expect(open(aead, nonce, aad, broken)).toBeUndefined();
    }
    expect(open(aead, nonce, aad.subarray(1), sealed)).toBeUndefined();
    expect(open(aead, nonce, aad, sealed.subarray(0, 15))).toBeUndefined();
  });

  test("derives the first example of RFC 5869", () => {
    const okm = crypto.hkdfSha256(
      new Uint8Array(22).fill(0x0b),
      parseHex("000102030405060708090a0b0c"),
      parseHex("f0f1f2f3f4f5f6f7f8f9"),
      42,
    );
    expect(formatHex(okm)).toBe(
      "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
    );
  });

  test("compares", () => {
    expect(crypto.equal(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true);
    expect(crypto.equal(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false);
    expect(crypto.equal(Uint8Array.of(1, 2), Uint8Array.of(1))).toBe(false);
  });
});

describe("both platforms", () => {
  test("agree on every function", async () => {
    const web = await createWebPlatform();
    fc.assert(
      fc.property(exactly(32), exactly(12), bytes(100), bytes(2000), (key, nonce, aad, text) => {
        const sealed = seal(nodeCrypto.chacha20Poly1305(key), nonce, aad, text);
        const portable = seal(nobleCrypto.chacha20Poly1305(key), nonce, aad, text);
        expect(portable).toEqual(sealed);
        expect(open(nobleCrypto.chacha20Poly1305(key), nonce, aad, sealed)).toEqual(text);
        expect(open(nodeCrypto.chacha20Poly1305(key), nonce, aad, sealed)).toEqual(text);
        expect(nobleCrypto.sha256([aad, text])).toEqual(nodeCrypto.sha256([aad, text]));
        expect(nobleCrypto.hmacSha256(key, [aad, text])).toEqual(
          nodeCrypto.hmacSha256(key, [aad, text]),
        );
        expect(nobleCrypto.hkdfSha256(key, aad, text, 64)).toEqual(
          nodeCrypto.hkdfSha256(key, aad, text, 64),
        );
        expect(web.crc32c(text)).toBe(nodePlatform.crc32c(text));
      }),
      runs,
    );
  });

  test("have time and randomness", async () => {
    for (const platform of [nodePlatform, await createWebPlatform()]) {
      expect(platform.time.nowUs()).toBeGreaterThan(0);
      const drawn = platform.random.fill(new Uint8Array(32));
      expect(drawn).not.toEqual(new Uint8Array(32));
      const body = new SeededRandom(1).fill(new Uint8Array(3000)).fill(7, 100);
      const frame = platform.zstd.compress?.(body, 3) ?? new Uint8Array(0);
      expect(platform.zstd.decompress(frame, 3000)).toEqual(body);
    }
  });
});

function seal(aead: Aead, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Uint8Array {
  const apart = new Uint8Array(plaintext.length + 16);
  aead.seal(nonce, aad, plaintext, apart);
  // As frames have it: behind the additional data, in the same memory.
  const frame = concatBytes([Uint8Array.of(1, 2, 3), aad, new Uint8Array(apart.length)]);
  const behind = frame.subarray(3 + aad.length);
  aead.seal(nonce, frame.subarray(3, 3 + aad.length), plaintext, behind);
  expect(behind).toEqual(apart);
  return apart;
}

function open(
  aead: Aead,
  nonce: Uint8Array,
  aad: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | undefined {
  const into = new Uint8Array(Math.max(0, sealed.length - 16)).fill(0xee);
  const opened = aead.open(nonce, aad, sealed, into);
  // As the frame reader has it: with PLEN between, in the same memory.
  const frame = concatBytes([Uint8Array.of(1), aad, new Uint8Array(4), sealed]);
  const behind = frame.subarray(5 + aad.length);
  const again = new Uint8Array(into.length).fill(0xee);
  expect(aead.open(nonce, frame.subarray(1, 1 + aad.length), behind, again)).toBe(opened);
  expect(behind).toEqual(sealed);
  expect(again).toEqual(into);
  if (opened) return into;
  if (sealed.length >= 16) expect(into.every((byte) => byte === 0)).toBe(true);
  return undefined;
}
