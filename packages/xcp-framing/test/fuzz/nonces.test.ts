import { expect, test } from "@jest/globals";
import { crc32c, formatHex } from "@proj/wire-types";
import fc from "fast-check";
import {
  type Aead,
  type CryptoProvider,
  deriveSalt,
  Flag,
  type FrameHeader,
  FrameSealer,
} from "@proj/xcp-framing";
import { nodeCrypto } from "#src/io/node-crypto.js";
import { fuzzRuns } from "../../../../tools/jest/fuzz-runs.js";

const runs = fuzzRuns(30);
const key = new Uint8Array(32).fill(9);

/** Cryptography that notes every (key, nonce) pair it encrypts under, and fails on the second use of one. */
function watchful(used: Set<string>): CryptoProvider {
  return {
    ...nodeCrypto,
    chacha20Poly1305(aeadKey): Aead {
      const aead = nodeCrypto.chacha20Poly1305(aeadKey);
      const name = formatHex(aeadKey);
      return {
        open: (...frame) => aead.open(...frame),
        erase: () => aead.erase(),
        seal(nonce, aad, plaintext, into) {
          const pair = `${name} ${formatHex(nonce)}`;
          if (used.has(pair)) throw new Error("a nonce was used twice");
          used.add(pair);
          aead.seal(nonce, aad, plaintext, into);
        },
      };
    },
  };
}

/** What a careless sender might try: ids and indices from a small range, retries, other channels, time going on. */
const attempt = fc.record({
  session: fc.constantFrom(0, 1),
  direction: fc.constantFrom(0, 1),
  msgId: fc.integer({ min: 1, max: 6 }),
  channelId: fc.constantFrom(0, 1, 3),
  chunkIndex: fc.integer({ min: 0, max: 4 }),
  more: fc.boolean(),
  waitUs: fc.constantFrom(0, 0, 0, 400_000),
});

test("§12: no key and nonce encrypt twice, over sessions, directions, chunks, retries and rotations", () => {
  fc.assert(
    fc.property(fc.array(attempt, { maxLength: 400 }), (attempts) => {
      const used = new Set<string>();
      const crypto = watchful(used);
      const sealers = [0, 1].map((session) => {
        const salt = deriveSalt(crypto, {
          initiatorNonce: new Uint8Array(16).fill(session),
          responderNonce: new Uint8Array(16).fill(7),
          helloPayload: new Uint8Array(3),
          capsPayload: new Uint8Array(4),
        });
        const rotation = { maxAgeUs: 1_000_000, maxFrames: 40 };
        return ([1, 2] as const).map(
          (direction) => new FrameSealer({ crypto, key, salt, direction, nowUs: 0, rotation }),
        );
      });
      let nowUs = 0;
      let sealed = 0;
      for (const { session, direction, msgId, channelId, chunkIndex, more, waitUs } of attempts) {
        nowUs += waitUs;
        const header: FrameHeader = {
          channelId,
          msgType: 256,
          bodyCodec: 1,
          schemaKey: undefined,
          msgId,
          inReplyTo: 0,
          tags: [],
        };
        const frame = { flags: more ? Flag.MORE : 0, header, payload: Uint8Array.of(sealed) };
        try {
          sealers[session]?.[direction]?.sealFrame(nowUs, "v0.2", frame, chunkIndex, crc32c);
          sealed++;
        } catch (thrown) {
          if (!(thrown instanceof RangeError)) throw thrown;
        }
      }
      expect(used.size).toBe(sealed);
    }),
    runs,
  );
});
