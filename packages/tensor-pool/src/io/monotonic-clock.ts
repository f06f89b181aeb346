const TWO_32 = 2 ** 32;

/** Now in monotonic nanoseconds, on the clock that all processes of this machine share. */
export function monotonicNs(): bigint {
  return process.hrtime.bigint();
}

// `performance.now()` reads the same clock from another origin, to the nanosecond while its value is below 2^53 ns, which
// is 104 days of one process.
const origin = process.hrtime.bigint() - BigInt(Math.round(performance.now() * 1e6));
const originLow = Number(origin & 0xffff_ffffn);
const originHigh = Number((origin >> 32n) & 0xffff_ffffn);

/** Writes {@link monotonicNs} as 64 bits at `offset`, without making a bigint; a few nanoseconds may be lost to rounding. */
export function writeMonotonicNs(view: DataView, offset: number): void {
  const low = originLow + Math.round(performance.now() * 1e6);
  const carry = Math.floor(low / TWO_32);
  view.setInt32(offset, low - carry * TWO_32, true);
  view.setInt32(offset + 4, originHigh + carry, true);
}
