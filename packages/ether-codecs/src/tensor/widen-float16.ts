/** Converts binary16 bits to the float32 numbers they stand for. Exact. */
export function widenFloat16(bits: Uint16Array): Float32Array {
  const out = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) {
    const half = bits[i] ?? 0;
    const fraction = half & 0x3ff;
    const exponent = (half >> 10) & 0x1f;
    const magnitude =
      exponent === 0
        ? fraction * 2 ** -24
        : exponent === 31
          ? fraction === 0
            ? Number.POSITIVE_INFINITY
            : Number.NaN
          : (1024 + fraction) * 2 ** (exponent - 25);
    out[i] = half >= 0x8000 ? -magnitude : magnitude;
  }
  return out;
}
