// Bit 31 is the coefficient of x^0: multiplying by x is a shift to the right.
const POLYNOMIAL = 0xedb88320;
const ONE = 0x80000000;
const X_TO_8 = 0x00800000;

/** Computes the CRC-32 of two stretches in a row, from that of each and the length of the second one in bytes. */
export function joinCrc32(first: number, second: number, secondBytes: number): number {
  return (multiply(powerOfX8(secondBytes), first) ^ second) >>> 0;
}

function multiply(a: number, b: number): number {
  let product = 0;
  for (let bit = 31; bit >= 0; bit--) {
    if ((a >>> bit) & 1) product ^= b;
    b = (b >>> 1) ^ (b & 1 ? POLYNOMIAL : 0);
  }
  return product;
}

// Units are cut to few lengths.
let lastBytes = 0;
let lastPower = ONE;

function powerOfX8(exponent: number): number {
  if (exponent === lastBytes) return lastPower;
  let power = ONE;
  let square = X_TO_8;
  for (let rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) power = multiply(power, square);
    square = multiply(square, square);
  }
  lastBytes = exponent;
  lastPower = power;
  return power;
}
