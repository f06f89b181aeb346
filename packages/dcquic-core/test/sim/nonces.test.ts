import { expect, test } from "@jest/globals";
import { type AeadJob, type CryptoBackend, nullCrypto } from "@proj/dcquic-core";
import { runWorkload } from "@proj/dcquic-core/sim";
import { formatHex } from "@proj/wire-types";
import { mixOf } from "../support/mixes.js";

/** Notes every key and nonce it seals under, and throws on the second use of a pair for other bytes. */
function watchful(used: Set<string>): CryptoBackend {
  return {
    ...nullCrypto,
    aead(key) {
      const aead = nullCrypto.aead(key);
      const name = formatHex(key);
      const use = ({ nonce }: AeadJob): void => {
        const pair = `${name} ${formatHex(nonce)}`;
        if (used.has(pair)) throw new Error("a nonce was used twice");
        used.add(pair);
      };
      return {
        open: aead.open,
        openInto: aead.openInto,
        seal(job): void {
          use(job);
          aead.seal(job);
        },
        sealFrom(job, plain, from): void {
          use(job);
          aead.sealFrom(job, plain, from);
        },
      };
    },
  };
}

test("§7.3: no key and nonce seal twice, over rotations, losses and crashes", () => {
  const used = new Set<string>();
  const { transfers } = mixOf(11);
  runWorkload({
    seed: 11,
    hosts: 4,
    transfers,
    crypto: watchful(used),
    untilUs: 30_000_000,
    config: { rotation: { packets: 50, bytes: 1e9 } },
    faults: { loss: 0.1, duplicate: 0.1, crashes: [{ host: 1, atUs: 600, signer: "lost" }] },
  });
  expect(used.size).toBeGreaterThan(500);
});
