import { expect, test } from "@jest/globals";
import { decodeHello, encodeHello, Handshake, type Hello } from "@proj/dcquic-core";
import { concatBytes } from "@proj/wire-types";
import fc from "fast-check";
import { nodeCrypto } from "#src/io/node-crypto.js";
import { parsePeerName } from "#src/io/pool/peer-name.js";
import { fuzzRuns } from "../../../../tools/jest/fuzz-runs.js";
import { helloOf } from "../support/hello.js";

const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });

const hello: fc.Arbitrary<Hello> = fc.record({
  versions: fc.array(fc.nat(255), { maxLength: 5 }),
  aeads: fc.shuffledSubarray(["aes-256-gcm", "aes-128-gcm"] as const),
  dataAuth: fc.array(fc.nat(255), { maxLength: 3 }),
  recordLog2: fc.array(fc.nat(255), { maxLength: 3 }),
  epoch: bytes(16),
  endpoints: fc.array(
    fc.record({
      worker: fc.nat(255),
      host: fc.string({ maxLength: 50 }),
      ports: fc.array(fc.nat(65_535), { maxLength: 8 }),
      nic: fc.nat(255),
      bandwidth: fc.maxSafeNat(),
    }),
    { maxLength: 6 },
  ),
  maxDatagramBytes: fc.integer({ min: 1200, max: 65_535 }),
  notifyLimit: fc.maxSafeNat(),
  inlineLimit: fc.maxSafeNat(),
  asked: fc.array(bytes(16), { maxLength: 4 }),
  answers: fc.array(fc.record({ credentialId: bytes(16), known: fc.boolean() }), { maxLength: 4 }),
  application: fc.uint8Array({ maxLength: 300 }),
  rma: fc.array(
    fc.record({
      provider: fc.nat(255),
      nic: fc.nat(255),
      address: fc.uint8Array({ maxLength: 60 }),
      maxReadBytes: fc.maxSafeNat(),
    }),
    { maxLength: 3 },
  ),
});

function lengthPrefixed(record: Uint8Array): Uint8Array {
  const prefix = new Uint8Array(4);
  new DataView(prefix.buffer).setUint32(0, record.length, true);
  return concatBytes([prefix, record]);
}

test("§7.2: any HELLO comes back, and every truncation of it gives another one or is refused with a code", () => {
  fc.assert(
    fc.property(hello, fc.nat(1000), fc.nat(255), (said, at, to) => {
      const encoded = encodeHello(said);
      expect(decodeHello(encoded)).toEqual(said);
      const damaged = encoded.slice(0, at);
      if (at > 0) damaged[Math.floor(damaged.length / 2)] = to;
      try {
        expect(decodeHello(damaged)).toBeDefined();
      } catch (error) {
        expect(error).toMatchObject({ code: "dcquic.handshake_failed" });
      }
    }),
    fuzzRuns(200),
  );
});

test("§7.2: whatever a peer says, in whatever pieces, a handshake makes no path without its confirmation", () => {
  const record = fc.oneof(
    fc.constant(encodeHello(helloOf(1))),
    hello.map(encodeHello),
    fc.uint8Array({ maxLength: 64 }),
  );
  const said = fc.oneof(
    fc.array(record, { maxLength: 3 }).map((records) => concatBytes(records.map(lengthPrefixed))),
    fc.uint8Array({ maxLength: 100 }),
  );
  const role = fc.constantFrom("dialer" as const, "listener" as const);
  fc.assert(
    fc.property(role, said, fc.array(fc.nat(40), { maxLength: 10 }), (side, input, cuts) => {
      const handshake = new Handshake({
        role: side,
        crypto: nodeCrypto,
        hello: helloOf(2),
        exportKey: () => new Uint8Array(32).fill(5),
        knows: () => false,
        resetSigner: new Uint8Array(32).fill(4),
        insert: () => {},
      });
      try {
        let from = 0;
        for (const cut of [...cuts, input.length]) {
          handshake.receive(input.subarray(from, from + cut));
          from += cut;
        }
      } catch (error) {
        expect(error).toMatchObject({ code: "dcquic.handshake_failed" });
      }
      expect(handshake.established).toBeUndefined();
    }),
    fuzzRuns(200),
  );
});

test("§24: the name of a peer is an address or a RangeError", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.webAuthority({ withPort: true })), (name) => {
      try {
        const { host, port } = parsePeerName(name);
        expect([host.length > 0, port >= 0 && port <= 65_535]).toEqual([true, true]);
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
      }
    }),
    fuzzRuns(200),
  );
});
