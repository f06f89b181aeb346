import { resolveXcpLimits, type XcpLimits } from "../limits.js";
import { CRC_BYTES, PREFIX_BYTES } from "../wire/constants.js";

const LARGE_PLEN_BYTES = 8;

/** Bytes of the largest frame that a connection with these limits takes: the cap of a transport with messages. */
export function largestFrameBytes(chosen: Partial<XcpLimits> | undefined): number {
  const { maxHeaderBytes, maxFrameBytes } = resolveXcpLimits(chosen);
  return PREFIX_BYTES + maxHeaderBytes + LARGE_PLEN_BYTES + maxFrameBytes + CRC_BYTES;
}
