import { describe, expect, test } from "@jest/globals";
import { concatBytes } from "@proj/wire-types";
import fc from "fast-check";
import {
  decodeHello,
  encodeHello,
  Handshake,
  type HandshakeOptions,
  type Role,
} from "@proj/dcquic-core";
import { nodeCrypto } from "#src/io/node-crypto.js";
import { PathSecretMap } from "#src/path/secret-map.js";
import { codeOf } from "../support/failure.js";
import { fuzzRuns } from "../../../../tools/jest/fuzz-runs.js";
import { helloOf } from "../support/hello.js";

const session = new Uint8Array(32).fill(9);

function side(role: Role, more: Partial<HandshakeOptions> = {}): Handshake {
  return new Handshake({
    role,
    crypto: nodeCrypto,
    hello: helloOf(role === "dialer" ? 1 : 2),
    exportKey: (length, label, context) =>
      nodeCrypto.hmacSha256(session, [new TextEncoder().encode(label), context]).slice(0, length),
    knows: () => false,
    resetSigner: new Uint8Array(32).fill(4),
    insert: () => {},
    ...more,
  });
}

function drain(from: Handshake): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let part = from.transmit(); part !== undefined; part = from.transmit()) parts.push(part);
  return concatBytes(parts);
}

function converse(dialer: Handshake, listener: Handshake): void {
  for (let turn = 0; turn < 3; turn++) {
    listener.receive(drain(dialer));
    dialer.receive(drain(listener));
  }
}

test("§7.2: both sides end with one secret, and each other's reset token", () => {
  const dialer = side("dialer");
  const listener = side("listener");
  converse(dialer, listener);
  const [a, b] = [dialer.established, listener.established];
  expect(a?.pathSecret).toEqual(b?.pathSecret);
  expect(a?.credentialId).toEqual(b?.credentialId);
  expect(a?.peerResetToken).toHaveLength(16);
  expect(b?.peer.epoch).toEqual(new Uint8Array(16).fill(1));
});

test("§7.1: the listener inserts before READY, the dialer before DONE", () => {
  const order: string[] = [];
  const dialer = side("dialer", { insert: () => order.push("dialer inserts") });
  const listener = side("listener", { insert: () => order.push("listener inserts") });
  listener.receive(drain(dialer));
  const ready = drain(listener);
  order.push("READY");
  dialer.receive(ready);
  const done = drain(dialer);
  order.push("DONE");
  listener.receive(done);
  expect(order).toEqual(["listener inserts", "READY", "dialer inserts", "DONE"]);
});

test("§7.2: changed parameters give other secrets, and so no path", () => {
  const dialer = side("dialer");
  const listener = side("listener");
  const hello = drain(dialer);
  hello[hello.length - 4] = (hello[hello.length - 4] ?? 0) ^ 1;
  expect(
    codeOf(() => {
      listener.receive(hello);
      dialer.receive(drain(listener));
    }),
  ).toBe("dcquic.handshake_failed");
});

test("the dialer's first AEAD that both have is used; none in common ends it", () => {
  const dialer = side("dialer", { hello: helloOf(1, { aeads: ["aes-128-gcm", "aes-256-gcm"] }) });
  const listener = side("listener");
  converse(dialer, listener);
  expect(listener.established?.aead).toBe("aes-128-gcm");
  const other = side("listener", { hello: helloOf(2, { aeads: [] }) });
  expect(codeOf(() => other.receive(drain(side("dialer"))))).toBe("dcquic.handshake_failed");
});

test("bytes may come in any pieces, and lengths are checked before anything is kept", () => {
  const dialer = side("dialer");
  const listener = side("listener");
  for (const byte of drain(dialer)) listener.receive(Uint8Array.of(byte));
  for (const byte of drain(listener)) dialer.receive(Uint8Array.of(byte));
  listener.receive(drain(dialer));
  expect(listener.established).toBeDefined();
  expect(codeOf(() => side("listener").receive(Uint8Array.of(1, 0, 1, 0)))).toBe(
    "dcquic.handshake_failed",
  );
});

describe("HELLO", () => {
  test("comes back as it was said, with unknown types passed over", () => {
    const hello = helloOf(3, {
      asked: [new Uint8Array(16).fill(8)],
      answers: [{ credentialId: new Uint8Array(16).fill(6), known: true }],
      application: Uint8Array.of(1, 2, 3),
    });
    const later = Uint8Array.of(...encodeHello(hello), 200 << 2, 3 << 2, 9, 9, 9);
    expect(decodeHello(encodeHello(hello))).toEqual(hello);
    expect(later.length).toBeGreaterThan(0);
  });

  test("any bytes give a HELLO or an error of the handshake", () => {
    const valid = encodeHello(helloOf(1));
    const damaged = fc
      .tuple(fc.nat(valid.length - 1), fc.nat(255), fc.nat(valid.length))
      .map(([at, to, length]) => {
        const bytes = new Uint8Array(valid);
        bytes[at] = to;
        return bytes.subarray(0, length);
      });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), damaged), (bytes) => {
        try {
          decodeHello(bytes);
        } catch (error) {
          expect(error).toMatchObject({ code: "dcquic.handshake_failed" });
        }
      }),
      fuzzRuns(300),
    );
  });
});

describe("§7.1: the path secret map", () => {
  function pathOf(id: number): Parameters<PathSecretMap["insert"]>[2] {
    const dialer = side("dialer");
    converse(dialer, side("listener"));
    const { established } = dialer;
    if (established === undefined) throw new Error("no path");
    return { ...established, credentialId: new Uint8Array(16).fill(id) };
  }

  test("keeps the old secret beside the new one until its transfers end", () => {
    const map = new PathSecretMap();
    map.insert(0, "peer", pathOf(1));
    map.touch(0, new Uint8Array(16).fill(1), 1);
    const newest = map.insert(10, "peer", pathOf(2));
    expect(newest.retiredAtUs).toBeUndefined();
    expect(map.byCredentialId(new Uint8Array(16).fill(1))?.retiredAtUs).toBe(10);
    expect(map.takeRetired(20)).toHaveLength(0);
    map.touch(30, new Uint8Array(16).fill(1), 0);
    expect(map.takeRetired(30).map(({ path }) => path.credentialId[0])).toEqual([1]);
    expect(map.size).toBe(1);
  });

  test("finds a path by its credential id", () => {
    const map = new PathSecretMap();
    const path = pathOf(9);
    map.insert(0, "peer", path);
    expect(map.byCredentialId(path.credentialId)?.path).toBe(path);
    expect(map.byCredentialId(new Uint8Array(16))).toBeUndefined();
  });

  test("evicts the idle entry unused for longest, never one with live transfers", () => {
    const map = new PathSecretMap(2);
    map.insert(0, "a", pathOf(1));
    map.insert(1, "b", pathOf(2));
    map.touch(2, new Uint8Array(16).fill(1), 1);
    map.insert(3, "c", pathOf(3));
    expect(map.byCredentialId(new Uint8Array(16).fill(2))).toBeUndefined();
    map.touch(4, new Uint8Array(16).fill(3), 1);
    expect(codeOf(() => map.insert(5, "d", pathOf(4)))).toBe("dcquic.limit");
  });
});
