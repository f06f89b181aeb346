import { narrowBits, narrowEach, widenBits, widenEach } from "./float16-bits.js";
import { compileFloat16Simd, type Float16Simd } from "./float16-simd.js";

// Below this the loop is as fast as moving the elements into the module's memory and out again.
const MIN_SIMD_ELEMENTS = 32;

let simd: Float16Simd | undefined | "untried" = "untried";

/**
 * Rounds float32 to half precision, held as 16 bits: to nearest, ties to even.
 *
 * From 65520 on it gives infinity, below 2^-14 subnormals, and NaN stays some NaN of its sign.
 *
 * @param into Receives the result from its start and is returned; at least as long as `source`.
 */
export function float32ToFloat16(
  source: Float32Array,
  into: Uint16Array = new Uint16Array(source.length),
): Uint16Array {
  checkRoom(source.length, into.length);
  const vector = source.length < MIN_SIMD_ELEMENTS ? undefined : simdOnce();
  if (vector === undefined) narrowEach(source, into);
  else narrowBlocks(vector, source, into);
  return into;
}

/**
 * Widens half precision, held as 16 bits, to float32: exact; NaN keeps its payload.
 *
 * @param into Receives the result from its start and is returned; at least as long as `source`.
 */
export function float16ToFloat32(
  source: Uint16Array,
  into: Float32Array = new Float32Array(source.length),
): Float32Array {
  checkRoom(source.length, into.length);
  const vector = source.length < MIN_SIMD_ELEMENTS ? undefined : simdOnce();
  if (vector === undefined) widenEach(source, into.subarray(0, source.length));
  else widenBlocks(vector, source, into);
  return into;
}

const scratch = new Float32Array(1);
const scratchBits = new Int32Array(scratch.buffer);

/** Rounds one number to half precision in a single step, ties to even, and returns its 16 bits. */
export function float16Bits(value: number): number {
  scratch[0] = value;
  // Rounding twice may differ: where the float32 looks like a tie and is not, step off the tie towards `value`.
  const single = scratch[0];
  let bits = scratchBits[0] as number;
  if (single !== value && (bits & 1) === 0) {
    if (Math.abs(single) < Math.abs(value)) bits++;
    else if (Math.abs(single) > Math.abs(value)) bits--;
  }
  return narrowBits(bits);
}

/** Gives the number whose half-precision form has these 16 bits. */
export function float16Value(bits: number): number {
  scratchBits[0] = widenBits(bits);
  return scratch[0] as number;
}

function simdOnce(): Float16Simd | undefined {
  if (simd === "untried") simd = compileFloat16Simd();
  return simd;
}

function narrowBlocks(vector: Float16Simd, source: Float32Array, into: Uint16Array): void {
  const { floats, halves } = vector;
  for (let at = 0; at < source.length; at += floats.length) {
    const count = Math.min(floats.length, source.length - at);
    floats.set(source.subarray(at, at + count));
    vector.narrow(count);
    into.set(halves.subarray(0, count), at);
  }
}

function widenBlocks(vector: Float16Simd, source: Uint16Array, into: Float32Array): void {
  const { floats, halves } = vector;
  for (let at = 0; at < source.length; at += halves.length) {
    const count = Math.min(halves.length, source.length - at);
    halves.set(source.subarray(at, at + count));
    vector.widen(count);
    into.set(floats.subarray(0, count), at);
  }
}

function checkRoom(needed: number, room: number): void {
  if (room < needed) throw new RangeError(`${needed} elements do not fit into ${room}`);
}
