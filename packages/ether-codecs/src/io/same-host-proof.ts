import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { formatShmUri, isWireError, type RandomSource, type ShmObjectUri } from "@proj/wire-types";
import type { PosixShm } from "./posix-shm.js";
import { newShmName } from "./shm-name.js";

/** Size of the probe object. spec/xcp.md §16.2 */
const PROBE_BYTES = 64;
const SHA256_BYTES = 32;
const LABEL = "xcp shm";
const NAMESPACE = "probe";

/** What HELLO says about a probe. spec/xcp.md §16.2 */
export interface ShmProbeOffer {
  /** Where the object is. */
  readonly uri: string;
  /** SHA-256 of its content. */
  readonly sha256: Uint8Array;
}

/** A probe object that waits for its answer. */
export interface ShmProbeObject extends ShmProbeOffer {
  /** Tells whether `proof` shows that the peer read the content. */
  verify(proof: Uint8Array, initiatorNonce: Uint8Array | undefined): boolean;
  /** Unlinks the object; harmless afterwards. */
  dispose(): void;
}

/**
 * Proves that both ends of a connection see one shared memory, so are on one host. An XCP session takes it as it is.
 *
 * Whatever goes wrong means no shared memory, never an error.
 *
 * @see spec/xcp.md §16.2
 */
export class SameHostProof {
  readonly #shm: PosixShm;
  readonly #random: RandomSource;

  /** `random` makes the content, which must not be guessable. */
  constructor(shm: PosixShm, random: RandomSource) {
    this.#shm = shm;
    this.#random = random;
  }

  /** Initiator: creates an object of 64 random bytes; `undefined` where that fails. */
  createProbe(): ShmProbeObject | undefined {
    const content = this.#random.fill(new Uint8Array(PROBE_BYTES));
    const uri: ShmObjectUri = {
      kind: "object",
      namespace: NAMESPACE,
      name: newShmName(this.#random),
    };
    if (!quietly(() => this.#shm.create(uri, content))) return undefined;
    return {
      uri: formatShmUri(uri),
      sha256: sha256(content),
      verify: (proof, nonce) => sameSecret(proof, answer(content, nonce)),
      dispose: () => void quietly(() => this.#shm.unlink(uri)),
    };
  }

  /** Responder: reads the peer's object and proves it; `undefined` when it is missing or another one. */
  prove(probe: ShmProbeOffer, initiatorNonce: Uint8Array | undefined): Uint8Array | undefined {
    let proof: Uint8Array | undefined;
    quietly(() => {
      const content = this.#shm.read(probe.uri, { sizeBytes: PROBE_BYTES, maxBytes: PROBE_BYTES });
      if (sameSecret(probe.sha256, sha256(content))) proof = answer(content, initiatorNonce);
    });
    return proof;
  }
}

function answer(content: Uint8Array, nonce: Uint8Array | undefined): Uint8Array {
  const mac = createHmac("sha256", content).update(LABEL);
  return new Uint8Array((nonce === undefined ? mac : mac.update(nonce)).digest());
}

function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(bytes).digest());
}

function sameSecret(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === SHA256_BYTES && b.length === SHA256_BYTES && timingSafeEqual(a, b);
}

function quietly(run: () => void): boolean {
  try {
    run();
    return true;
  } catch (thrown) {
    if (isWireError(thrown)) return false;
    throw thrown;
  }
}
