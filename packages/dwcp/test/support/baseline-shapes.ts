import { noise } from "./hde.js";

/** The lengths around which codecs turn. */
export const lengths: readonly number[] = [
  0, 1, 31, 64, 65, 4_095, 4_096, 4_097, 8_209, 65_536, 262_145, 1_200_005,
];

/** Every so often a byte that differs. */
export function changed(bytes: Uint8Array, every: number): Uint8Array {
  const copy = new Uint8Array(bytes);
  for (let at = 7; at < copy.length; at += every) copy[at] = (copy[at] ?? 0) ^ 0x5a;
  return copy;
}

/** A baseline of every shape that a new state may meet. */
export function shapes(raw: Uint8Array): [string, Uint8Array | undefined][] {
  const half = raw.length >> 1;
  return [
    ["absent", undefined],
    ["empty", new Uint8Array(0)],
    ["equal", new Uint8Array(raw)],
    ["shorter", raw.slice(0, half)],
    ["longer", Buffer.concat([raw, noise(5_001, 3)])],
    ["changed here and there", changed(raw, 5_000)],
    ["changed everywhere", changed(raw, 60)],
    ["shifted by some bytes", Buffer.concat([noise(37, 4), raw])],
    ["in another order", Buffer.concat([raw.slice(half), raw.slice(0, half)])],
    ["wrong", noise(raw.length, 5)],
  ];
}

/** Addresses that all moved by the same distances: what differs is sparse and alike. */
export function relinked(bytes: Uint8Array): Uint8Array {
  const moved = new Uint8Array(bytes);
  for (let at = 11; at < moved.length; at += 23 + (at % 7)) {
    moved[at] = (moved[at] ?? 0) + (at % 3 === 0 ? 48 : 64);
  }
  return moved;
}
