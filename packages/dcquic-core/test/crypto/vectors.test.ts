import { describe, expect, test } from "@jest/globals";
import { encodeUtf8, formatHex, parseHex } from "@proj/wire-types";
import { challengeProof } from "#src/crypto/challenge-proof.js";
import {
  controlNonce,
  deriveControlKey,
  deriveCredentialId,
  deriveSecretControlKey,
} from "#src/crypto/key-schedule.js";
import { controlKeyOf } from "#src/crypto/packet-protection.js";
import { recordNonce, sealRecords, wireBytesOf } from "#src/crypto/records.js";
import {
  resetToken,
  sealSecretControl,
  verifySecretControl,
} from "#src/crypto/secret-control-seal.js";
import { nodeCrypto } from "#src/io/node-crypto.js";
import { chunk, decodeChunk, encodeChunkHeader } from "#src/wire/chunk.js";
import { FrameType, HEADER_BYTES } from "#src/wire/constants.js";
import { FrameReader } from "#src/wire/frame-reader.js";
import { id64 } from "#src/wire/id64.js";
import { decodeHeader, encodeHeader, packetHeader } from "#src/wire/packet-header.js";
import { encodeProbe } from "#src/wire/path-frames.js";
import { decodeSecretControl, encodeSecretControl } from "#src/wire/secret-control.js";
import { getVarint, putVarint, varintSize } from "#src/wire/varint.js";
import { WireReader } from "#src/wire/wire-reader.js";
import { WireWriter } from "#src/wire/wire-writer.js";
import { slabOf } from "../support/slab.js";
import { openMessage } from "../support/open-message.js";
import { vectors } from "../support/vectors.js";

const secret = parseHex(vectors.secret);
const credentialId = parseHex(vectors.credentialId);
const source = {
  crypto: nodeCrypto,
  pathSecret: secret,
  aead: "aes-256-gcm",
  direction: 0,
  worker: 3,
} as const;

test.each(vectors.varints.map(([value, hex]) => ({ value, hex })))(
  "§17.1: the varint $value is $hex",
  ({ value, hex }) => {
    const { bytes, view } = slabOf(varintSize(value));
    putVarint(view, 0, value);
    expect(formatHex(bytes)).toBe(hex);
    expect(getVarint(view, 0)).toBe(value);
  },
);

describe("§17.8: the key schedule", () => {
  test("names the secret", () => {
    expect(formatHex(deriveCredentialId(nodeCrypto, secret))).toBe(vectors.credentialId);
  });

  test.each(vectors.controlKeys.map((row) => ({ ...row })))(
    "derives the control key of direction $direction",
    ({ direction, worker, keyId, key, iv }) => {
      const made = deriveControlKey(nodeCrypto, secret, "aes-256-gcm", direction, worker, keyId);
      expect(formatHex(made.key)).toBe(key);
      expect(formatHex(made.iv)).toBe(iv);
    },
  );

  test("derives the secret-control key", () => {
    const made = deriveSecretControlKey(nodeCrypto, secret, 0);
    expect(formatHex(made)).toBe(vectors.secretControlKey0);
  });

  test("puts the packet number into the nonce", () => {
    const nonce = new Uint8Array(12);
    controlNonce(nonce, parseHex(vectors.controlKeys[0]?.iv ?? ""), 0x01020304);
    expect(formatHex(nonce)).toBe(vectors.control.nonce);
  });
});

describe("§17.8: packets", () => {
  test("a CONTROL packet with one PROBE is sealed, and opened again", () => {
    const { bytes, view } = slabOf(HEADER_BYTES + 10 + 16);
    const writer = new WireWriter().aim(bytes, view, HEADER_BYTES, bytes.length);
    writer.u8(FrameType.Probe);
    encodeProbe(writer, { probeId: id64(0, 0x55), flags: 0 });
    const header = { ...packetHeader(), worker: 3, keyId: 7, packetNumber: 0x01020304 };
    Object.assign(header, { payloadLength: 10, destination: 1, clockUs: 0x11223344 });
    encodeHeader(bytes, view, 0, header, credentialId);
    controlKeyOf(source, 7).seal(bytes, view, 0, header);
    expect(formatHex(bytes)).toBe(vectors.control.packet);

    const read = packetHeader();
    expect(decodeHeader(view, 0, bytes.length, read)).toBe("packet");
    expect(read).toEqual(header);
    expect(controlKeyOf(source, 7).open(bytes, view, 0, read)).toBe(true);
    const frames = new FrameReader().aim(bytes, view, HEADER_BYTES, HEADER_BYTES + 10);
    expect(frames.next()).toBe(FrameType.Probe);
    expect(frames.probe).toEqual({ probeId: { hi: 0, lo: 0x55 }, flags: 0 });
    expect(frames.next()).toBeUndefined();
  });

  test("a DATA packet in mode 1 is authenticated and not encrypted", () => {
    const { bytes, view } = slabOf(HEADER_BYTES + 40 + 16);
    const writer = new WireWriter().aim(bytes, view, HEADER_BYTES, bytes.length);
    const sent = { ...chunk(), pullerId: id64(0x03000001, 5), wireOffset: 4096 };
    Object.assign(sent, { length: 16, flags: 1, pullSeq: 9 });
    encodeChunkHeader(writer, sent);
    for (let i = 0; i < 16; i++) writer.u8(0xa0 + i);
    const header = { ...packetHeader(), type: 2, protection: 1, worker: 3, keyId: 7 };
    Object.assign(header, { packetNumber: 0x01020305, payloadLength: 40 });
    Object.assign(header, { destination: 1, clockUs: 0x11223344 });
    encodeHeader(bytes, view, 0, header, credentialId);
    controlKeyOf(source, 7).seal(bytes, view, 0, header);
    expect(formatHex(bytes)).toBe(vectors.data);

    expect(controlKeyOf(source, 7).open(bytes, view, 0, header)).toBe(true);
    const read = chunk();
    const reader = new WireReader().aim(bytes, view, HEADER_BYTES, HEADER_BYTES + 40);
    expect(decodeChunk(reader, read)).toBe(HEADER_BYTES + 24);
    expect(read).toEqual(sent);
  });

  test("UNKNOWN_PATH_SECRET carries the signer's token", () => {
    const token = resetToken(nodeCrypto, new Uint8Array(32).fill(0x5a), credentialId);
    const bytes = encodeSecretControl({ kind: "unknownPathSecret", credentialId, token });
    expect(formatHex(bytes)).toBe(vectors.unknownPathSecret);
    expect(decodeSecretControl(bytes)?.packet).toEqual({
      kind: "unknownPathSecret",
      credentialId,
      token,
    });
  });

  test("STALE_KEY is authenticated", () => {
    const key = deriveSecretControlKey(nodeCrypto, secret, 1);
    const packet = {
      kind: "staleKey",
      direction: 1,
      worker: 3,
      credentialId,
      minKeyId: 8,
    } as const;
    const bytes = sealSecretControl(nodeCrypto, key, packet);
    expect(formatHex(bytes)).toBe(vectors.staleKey);
    const sealed = decodeSecretControl(bytes);
    expect(sealed?.packet).toEqual(packet);
    expect(sealed !== undefined && verifySecretControl(nodeCrypto, key, sealed)).toBe(true);
  });
});

describe("§17.8: messages", () => {
  const key = Uint8Array.from({ length: 32 }, (_, i) => 0x80 + i);
  const plain = encodeUtf8("hello record");
  const layout = { recordLog2: 16, totalBytes: plain.length, messageNumber: 2 };

  test("a record is sealed, bound and opened", () => {
    const nonce = new Uint8Array(12);
    recordNonce(nonce, layout, 0);
    expect(formatHex(nonce)).toBe(vectors.record.nonce);
    const wire = new Uint8Array(wireBytesOf(layout));
    const binding = sealRecords(nodeCrypto, nodeCrypto.aead(key), layout, plain, wire);
    expect(formatHex(wire)).toBe(vectors.record.wire);
    expect(formatHex(binding)).toBe(vectors.record.binding);
    expect(openMessage(nodeCrypto, nodeCrypto.aead(key), layout, wire, binding)).toEqual(plain);
  });

  test("the proof of a challenge covers nonce, id, number and payload", () => {
    const id = id64(0x03000001, 5);
    const nonce = new Uint8Array(16).fill(0x11);
    const proof = challengeProof(nodeCrypto, nonce, id, 12, encodeUtf8("inline!"));
    expect(formatHex(proof)).toBe(vectors.challengeProof);
  });
});
