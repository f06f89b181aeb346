import { expect, test } from "@jest/globals";
import { BufferRegistry, Engine } from "@proj/dcquic-core";
import { SeededRandom } from "@proj/wire-types";
import { nodeCrypto } from "#src/io/node-crypto.js";
import { establishedAs } from "../support/raw-peer.js";
import { usedBytes } from "../support/used-bytes.js";

const PATHS = 2000;
const MAX_BYTES = 4096;

test("§27: a path that nothing was sent on takes at most 4 KiB, and no key was derived for it", () => {
  const aeads: Uint8Array[] = [];
  const crypto = {
    ...nodeCrypto,
    aead: (key: Uint8Array) => {
      aeads.push(key);
      return nodeCrypto.aead(key);
    },
  };
  const random = new SeededRandom(1);
  const buffers = new BufferRegistry(1_048_576);
  const engine = new Engine({ crypto, random, buffers, nowUs: 0 });
  const before = usedBytes();
  for (let i = 0; i < PATHS; i++) {
    // What only the handshake needed, such as what the peer said of itself, has to go.
    const established = establishedAs("dialer", i % 256);
    engine.addPath(0, { ...established, credentialId: random.fill(new Uint8Array(16)) }, i);
  }
  expect((usedBytes() - before) / PATHS).toBeLessThanOrEqual(MAX_BYTES);
  expect(aeads).toHaveLength(0);
  // Looking at them makes nothing either.
  expect(engine.load.phases.startup).toBe(PATHS);
  expect((usedBytes() - before) / PATHS).toBeLessThanOrEqual(MAX_BYTES);
});
