import {
  Aead,
  AEAD_ROW,
  AEAD_TAG_BYTES,
  type AeadAlgorithm,
  type AeadBatch,
} from "@proj/native-io";
import { createCipheriv } from "node:crypto";

/** One packet of a batch. */
export interface Packet {
  readonly aad: Uint8Array;
  readonly plain: Uint8Array;
  readonly slot: number;
  readonly nonce: readonly [number, number, number];
}

/** Lays packets out as a protocol does: additional data, ciphertext and tag in a row, plaintext elsewhere. */
export function layOut(packets: readonly Packet[], inPlace: "apart" | "inPlace"): AeadBatch {
  const size = packets.reduce(
    (sum, { aad, plain }) => sum + aad.length + plain.length + AEAD_TAG_BYTES,
    0,
  );
  const wire = new Uint8Array(size);
  const plain = inPlace === "inPlace" ? wire : new Uint8Array(size);
  const meta = new Int32Array(packets.length * AEAD_ROW);
  let offset = 0;
  for (const [i, packet] of packets.entries()) {
    const inside = inPlace === "inPlace" ? offset + packet.aad.length : offset;
    wire.set(packet.aad, offset);
    plain.set(packet.plain, inside);
    const row = i * AEAD_ROW;
    meta[row + Aead.aad] = offset;
    meta[row + Aead.aadLength] = packet.aad.length;
    meta[row + Aead.wire] = offset + packet.aad.length;
    meta[row + Aead.plain] = inside;
    meta[row + Aead.length] = packet.plain.length;
    meta[row + Aead.slot] = packet.slot;
    meta.set(packet.nonce, row + Aead.nonce0);
    meta[row + Aead.result] = -1;
    offset += packet.aad.length + packet.plain.length + AEAD_TAG_BYTES;
  }
  return { wire, plain, meta };
}

/** Ciphertext and tag of row `i`. */
export function sealedOf({ wire, meta }: AeadBatch, i: number): Uint8Array {
  const from = column({ meta }, i, "wire");
  return wire.slice(from, from + column({ meta }, i, "length") + AEAD_TAG_BYTES);
}

/** Plaintext of row `i`. */
export function plainOf({ plain, meta }: AeadBatch, i: number): Uint8Array {
  const from = column({ meta }, i, "plain");
  return plain.slice(from, from + column({ meta }, i, "length"));
}

/** One column of row `i`. */
export function column(
  { meta }: { readonly meta: Int32Array },
  i: number,
  name: keyof typeof Aead,
): number {
  return meta[i * AEAD_ROW + Aead[name]] ?? 0;
}

/** What node:crypto makes of a packet. */
export function reference(
  algorithm: AeadAlgorithm,
  key: Uint8Array,
  nonce: Uint8Array,
  { aad, plain }: Packet,
): Uint8Array {
  const cipher = createCipheriv(algorithm as "aes-256-gcm", key, nonce, {
    authTagLength: AEAD_TAG_BYTES,
  });
  cipher.setAAD(aad, { plaintextLength: plain.length });
  return new Uint8Array(Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]));
}

/** The nonce of a vector and three words: each word goes into four of its bytes. */
export function nonceOf(iv: Uint8Array, words: readonly number[]): Uint8Array {
  const nonce = iv.slice();
  const view = new DataView(nonce.buffer);
  for (const [i, word] of words.entries()) {
    view.setUint32(4 * i, (view.getUint32(4 * i, true) ^ word) >>> 0, true);
  }
  return nonce;
}
