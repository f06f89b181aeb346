import { backend } from "@proj/native-io";

const { clock } = backend;

/** Now in monotonic nanoseconds, on the clock that all processes of this machine share. */
export function monotonicNs(): bigint {
  return process.hrtime.bigint();
}

/** Writes {@link monotonicNs} as 64 bits at `offset`, without making a bigint. */
export function writeMonotonicNs(view: DataView, offset: number): void {
  clock.writeNs(view, offset);
}
