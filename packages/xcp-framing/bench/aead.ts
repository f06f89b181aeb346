import { createCipheriv, createDecipheriv, randomFillSync } from "node:crypto";
import { type BenchCase, type Peer, runSuite } from "@proj/bench";
import { nodeCrypto } from "#src/io/node-crypto.js";
import { nobleCrypto } from "#src/web/noble-crypto.js";
import type { Aead } from "@proj/xcp-framing";

const TAG_BYTES = 16;
const AAD_BYTES = 64;
const key = randomFillSync(new Uint8Array(32));
const nonce = randomFillSync(new Uint8Array(12));

const options = { authTagLength: TAG_BYTES };

// What Node has of its own: a cipher object for each frame, and memory for what comes out.
const plainNode: Aead = {
  seal(iv, aad, plaintext, into) {
    const cipher = createCipheriv("chacha20-poly1305", key, iv, options);
    cipher.setAAD(aad, { plaintextLength: plaintext.length });
    into.set(cipher.update(plaintext));
    cipher.final();
    into.set(cipher.getAuthTag(), plaintext.length);
  },
  open(iv, aad, sealed, into) {
    const end = sealed.length - TAG_BYTES;
    const decipher = createDecipheriv("chacha20-poly1305", key, iv, options);
    decipher.setAAD(aad, { plaintextLength: end });
    decipher.setAuthTag(sealed.subarray(end));
    into.set(decipher.update(sealed.subarray(0, end)));
    decipher.final();
    return true;
  },
  erase: () => undefined,
};

await runSuite({
  name: "aead",
  question: "How long does ChaCha20-Poly1305 take to seal one frame, and to open it?",
  cases: [1024, 128 * 1024 - TAG_BYTES, 1024 * 1024].flatMap((bytes) => [
    one("seal", bytes),
    one("open", bytes),
  ]),
});

function one(what: "seal" | "open", bytes: number): BenchCase {
  return {
    name: `${what} ${bytes} bytes`,
    pace: { kind: "batch" },
    payloadBytes: bytes,
    peers: [
      peer("native-io", nodeCrypto.chacha20Poly1305(key), what, bytes),
      peer("node:crypto", plainNode, what, bytes),
      peer("@noble/ciphers", nobleCrypto.chacha20Poly1305(key), what, bytes),
    ],
  };
}

function peer(name: string, aead: Aead, what: "seal" | "open", bytes: number): Peer {
  // As in a frame: the ciphertext lies behind its additional data.
  const frame = new Uint8Array(AAD_BYTES + bytes + TAG_BYTES);
  const aad = frame.subarray(0, AAD_BYTES);
  const sealed = frame.subarray(AAD_BYTES);
  const plain = randomFillSync(new Uint8Array(bytes));
  aead.seal(nonce, aad, plain, sealed);
  return {
    name,
    open: () => ({
      run: () =>
        what === "seal"
          ? aead.seal(nonce, aad, plain, sealed)
          : aead.open(nonce, aad, sealed, plain),
    }),
  };
}
