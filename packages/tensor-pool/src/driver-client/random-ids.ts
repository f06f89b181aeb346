import type { RandomSource } from "@proj/wire-types";

/** Returns 64 random bits. */
export function randomInt64(random: RandomSource): bigint {
  const bytes = random.fill(new Uint8Array(8));
  return new DataView(bytes.buffer).getBigInt64(0, true);
}

/** Returns a random id of a client: not 0, which is nobody, and below the null value. */
export function randomClientId(random: RandomSource): number {
  const bytes = random.fill(new Uint8Array(4));
  return (new DataView(bytes.buffer).getUint32(0, true) % 0x7fff_fffe) + 1;
}
