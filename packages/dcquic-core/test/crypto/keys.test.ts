import { describe, expect, test } from "@jest/globals";
import { SeededRandom } from "@proj/wire-types";
import { DataKeyCache, dataKeyHash, DataKeyPool, drawDataKey } from "#src/crypto/data-keys.js";
import { bindingOf, sealRecords, wireBytesOf } from "#src/crypto/records.js";
import { DerivationBudget, ReceiveKeys } from "#src/crypto/receive-keys.js";
import { SendKeys } from "#src/crypto/send-keys.js";
import { nodeCrypto } from "#src/io/node-crypto.js";
import { HEADER_BYTES } from "#src/wire/constants.js";
import { encodeHeader, type PacketHeader, packetHeader } from "#src/wire/packet-header.js";
import { openMessage } from "../support/open-message.js";
import { codeOf } from "../support/failure.js";
import { type Slab, slabOf } from "../support/slab.js";

const source = {
  crypto: nodeCrypto,
  pathSecret: new Uint8Array(32).fill(7),
  aead: "aes-128-gcm",
  direction: 1,
  worker: 2,
} as const;
const credentialId = new Uint8Array(16).fill(1);
const PTO = 30_000;

function seal(keys: SendKeys, length = 4): { slab: Slab; header: PacketHeader } {
  const header = { ...packetHeader(), worker: 2, payloadLength: length };
  keys.assign(header);
  const slab = slabOf(HEADER_BYTES + length + 16);
  encodeHeader(slab.bytes, slab.view, 0, header, credentialId);
  keys.seal(slab.bytes, slab.view, 0, header);
  return { slab, header };
}

function open(keys: ReceiveKeys, nowUs: number, { slab, header }: ReturnType<typeof seal>): string {
  const { bytes, view } = slabOf(slab.bytes);
  return keys.open(nowUs, PTO, bytes, view, 0, header);
}

describe("§3 row 8, key pool, §7.3: rotation", () => {
  test("the next key begins after so many packets, and numbers go on", () => {
    const keys = new SendKeys(source, { packets: 3, bytes: 1e9 });
    const headers = Array.from({ length: 7 }, () => seal(keys).header);
    expect(headers.map(({ keyId }) => keyId)).toEqual([0, 0, 0, 1, 1, 1, 2]);
    expect(headers.map(({ packetNumber }) => packetNumber)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  test("the next key begins after so many bytes", () => {
    const keys = new SendKeys(source, { packets: 100, bytes: 120 });
    expect([0, 1, 2, 3].map(() => seal(keys).header.keyId)).toEqual([0, 0, 1, 1]);
  });

  test("a key takes as many packets at once as one after the other", () => {
    for (const rotation of [
      { packets: 3, bytes: 1e9 },
      { packets: 100, bytes: 120 },
      { packets: 100, bytes: 121 },
    ]) {
      const keys = new SendKeys(source, rotation);
      const most = keys.burst(60);
      const { keyId } = keys;
      let taken = 0;
      while (seal(keys).header.keyId === keyId) taken += 1;
      expect(taken).toBe(most);
      // One is under the next key already.
      expect(keys.burst(60)).toBe(most - 1);
    }
  });

  test("without a further key nothing is sealed", () => {
    const keys = new SendKeys(source, { packets: 1, bytes: 1e9 }, { keyId: 2 ** 32 - 1 });
    expect([keys.needsRehandshake, keys.isExhausted]).toEqual([true, false]);
    seal(keys);
    expect(keys.isExhausted).toBe(true);
    expect(codeOf(() => seal(keys))).toBe("dcquic.key_exhausted");
  });

  test("a receiver follows without being told, and keeps the key before for a while", () => {
    const sender = new SendKeys(source, { packets: 2, bytes: 1e9 });
    const receiver = new ReceiveKeys(source, new DerivationBudget());
    const [first, late, next] = [seal(sender), seal(sender), seal(sender)];
    expect(open(receiver, 0, first)).toBe("opened");
    expect(open(receiver, 10, next)).toBe("opened");
    expect(receiver.keyId).toBe(1);
    expect(open(receiver, 20, late)).toBe("opened");
    expect(open(receiver, 1_000_011, late)).toBe("staleKey");
  });

  test("keys more than 8 ahead are not tried, and a forged one is not adopted", () => {
    const receiver = new ReceiveKeys(source, new DerivationBudget());
    const far = seal(new SendKeys(source, { packets: 9, bytes: 1e9 }, { keyId: 9 }));
    expect(open(receiver, 0, far)).toBe("failed");
    const near = seal(new SendKeys(source, { packets: 9, bytes: 1e9 }, { keyId: 8 }));
    near.slab.bytes[HEADER_BYTES] = (near.slab.bytes[HEADER_BYTES] ?? 0) ^ 1;
    expect(open(receiver, 0, near)).toBe("failed");
    expect(receiver.keyId).toBe(0);
  });

  test("speculative derivations are limited to 64 a second", () => {
    const budget = new DerivationBudget();
    const taken = Array.from({ length: 70 }, () => budget.take(5));
    expect(taken.filter(Boolean)).toHaveLength(64);
    expect(budget.take(1_000_004)).toBe(false);
    expect(budget.take(1_000_005)).toBe(true);
  });
});

describe("§7.4: what a peer may change", () => {
  test("STALE_KEY raises the key, never lowers it, and never jumps far", () => {
    const keys = new SendKeys(source);
    expect(keys.raiseTo(5)).toBe(true);
    expect(keys.raiseTo(3)).toBe(true);
    expect(keys.keyId).toBe(5);
    expect(keys.raiseTo(6 + 2 ** 20)).toBe(false);
    expect(keys.keyId).toBe(5);
  });

  test("RETIRE_CONTROL_KEY makes earlier keys stale", () => {
    const sender = new SendKeys(source, { packets: 1, bytes: 1e9 });
    const receiver = new ReceiveKeys(source, new DerivationBudget());
    const [old, current] = [seal(sender), seal(sender)];
    expect(open(receiver, 0, current)).toBe("opened");
    expect(open(receiver, 0, old)).toBe("opened");
    receiver.retire(0);
    expect(open(receiver, 0, old)).toBe("staleKey");
    expect(open(receiver, 0, current)).toBe("opened");
  });
});

test("§7.3: a reflected packet does not verify, because directions have keys of their own", () => {
  const packet = seal(new SendKeys(source));
  const mirror = new ReceiveKeys({ ...source, direction: 0 }, new DerivationBudget());
  expect(open(mirror, 0, packet)).toBe("failed");
});

describe("§8.2: records", () => {
  const aead = nodeCrypto.aead(new Uint8Array(32).fill(3));
  const layout = { recordLog2: 14, totalBytes: 40_000, messageNumber: 0 };
  const plain = new SeededRandom(1).fill(new Uint8Array(layout.totalBytes));

  function sealed(): { wire: Uint8Array; binding: Uint8Array } {
    const wire = new Uint8Array(wireBytesOf(layout));
    return { wire, binding: sealRecords(nodeCrypto, aead, layout, plain, wire) };
  }

  test("a message of several records comes back", () => {
    const { wire, binding } = sealed();
    expect(openMessage(nodeCrypto, aead, layout, wire, binding)).toEqual(plain);
  });

  test("an empty message still has one record", () => {
    const empty = { ...layout, totalBytes: 0 };
    const wire = new Uint8Array(wireBytesOf(empty));
    const binding = sealRecords(nodeCrypto, aead, empty, new Uint8Array(0), wire);
    expect(wire).toHaveLength(16);
    expect(openMessage(nodeCrypto, aead, empty, wire, binding)).toHaveLength(0);
  });

  test("records that change places do not verify", () => {
    const { wire } = sealed();
    const size = 2 ** 14 + 16;
    const first = wire.slice(0, size);
    wire.copyWithin(0, size, 2 * size);
    wire.set(first, size);
    const binding = bindingOf(nodeCrypto, layout, wire);
    expect(openMessage(nodeCrypto, aead, layout, wire, binding)).toBeUndefined();
  });

  test("every damaged byte is noticed", () => {
    for (const at of [0, 16_399, 16_400, 40_047]) {
      const { wire, binding } = sealed();
      wire[at] = (wire[at] ?? 0) ^ 1;
      expect(openMessage(nodeCrypto, aead, layout, wire, binding)).toBeUndefined();
    }
  });
});

describe("§7.3: data keys", () => {
  test("a pool numbers messages and changes the key within the hour", () => {
    const pool = new DataKeyPool(new SeededRandom(1), nodeCrypto);
    const [a, b] = [pool.next(0), pool.next(1)];
    expect([a.messageNumber, b.messageNumber]).toEqual([0, 1]);
    expect(b.key).toEqual(a.key);
    const later = pool.next(3_600_000_000);
    expect(later.key).not.toEqual(a.key);
    expect(later.messageNumber).toBe(0);
  });

  test("the cache forgets the key unused for longest, and a retired one", () => {
    const random = new SeededRandom(2);
    const keys = [1, 2, 3].map(() => drawDataKey(random).key);
    const cache = new DataKeyCache(nodeCrypto, 2);
    const ciphers = keys.map((key) => cache.aead(key));
    expect(cache.size).toBe(2);
    const third = keys[2] ?? new Uint8Array(32);
    expect(cache.aead(third)).toBe(ciphers[2]);
    expect(cache.retire(dataKeyHash(nodeCrypto, third))).toBe(true);
    expect(cache.aead(third)).not.toBe(ciphers[2]);
  });
});
