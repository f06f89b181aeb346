/** Rounds the bits of a float32 to those of the nearest half, ties to even. */
export function narrowBits(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fff_ffff;
  if (magnitude >= 0x3880_0000 && magnitude < 0x4780_0000) return sign | narrowNormal(magnitude);
  if (magnitude > 0x7f80_0000) return sign | 0x7e00;
  if (magnitude >= 0x4780_0000) return sign | 0x7c00;
  return sign | narrowSubnormal(magnitude);
}

/** Gives the bits of the float32 that has the value of the half with these bits. */
export function widenBits(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return sign | 0x7f80_0000 | (fraction << 13);
  if (exponent > 0) return sign | ((exponent + 112) << 23) | (fraction << 13);
  if (fraction === 0) return sign;
  // A subnormal: shift its first bit up to where a float32 has it implied.
  const shift = Math.clz32(fraction) - 21;
  return sign | ((113 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13);
}

/** Converts `source` into `into`, of the same length, one at a time. */
export function narrowEach(source: Float32Array, into: Uint16Array): void {
  const bits = new Int32Array(source.buffer, source.byteOffset, source.length);
  for (let i = 0; i < bits.length; i++) into[i] = narrowBits(bits[i] as number);
}

/** Converts `source` into `into`, of the same length, one at a time. */
export function widenEach(source: Uint16Array, into: Float32Array): void {
  const bits = new Int32Array(into.buffer, into.byteOffset, into.length);
  for (let i = 0; i < bits.length; i++) bits[i] = widenBits(source[i] as number);
}

// Moves the exponent's bias from 127 to 15, adds just less than half a step, or just half when the last bit
// kept is odd, and drops 13 bits. A carry out of the fraction raises the exponent, up to infinity.
function narrowNormal(magnitude: number): number {
  return (magnitude - 0x37ff_f001 + ((magnitude >>> 13) & 1)) >>> 13;
}

// Below 2^-14 the step is 2^-24; below half of it everything is zero.
function narrowSubnormal(magnitude: number): number {
  if (magnitude < 0x3300_0000) return 0;
  const fraction = (magnitude & 0x7f_ffff) | 0x80_0000;
  const shift = 126 - (magnitude >>> 23);
  const kept = fraction >>> shift;
  const rest = fraction & ((1 << shift) - 1);
  const tie = 1 << (shift - 1);
  return rest > tie || (rest === tie && (kept & 1) === 1) ? kept + 1 : kept;
}
