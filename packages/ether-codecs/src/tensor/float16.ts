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

/** Rounds float32 numbers to the nearest binary16, ties to even; overflow gives infinity. Returns the bits. */
export function narrowFloat16(numbers: Float32Array): Uint16Array {
  const bits = new Uint32Array(numbers.buffer, numbers.byteOffset, numbers.length);
  return Uint16Array.from(bits, (word) => {
    const sign = (word >>> 16) & 0x8000;
    const magnitude = word & 0x7fff_ffff;
    if (magnitude > 0x7f80_0000) return sign | 0x7e00;
    if (magnitude >= 0x4780_0000) return sign | 0x7c00;
    const exponent = magnitude >>> 23;
    if (exponent < 102) return sign;
    const significand = (magnitude & 0x7f_ffff) | 0x80_0000;
    const shift = exponent < 113 ? 126 - exponent : 13;
    const base = exponent < 113 ? 0 : (exponent - 113) << 10;
    const kept = significand >>> shift;
    const rest = significand & ((1 << shift) - 1);
    const half = 1 << (shift - 1);
    const up = rest > half || (rest === half && (kept & 1) === 1) ? 1 : 0;
    return sign | (base + kept + up);
  });
}
