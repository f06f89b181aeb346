import type { ByteSource } from "./byte-source.js";

/**
 * Puts what a transfer has committed behind its baseline: the one space of offsets that the ranges of JOINT_ZSTD lie in. Reads
 * within either are what that source gives; one across the seam is a copy.
 *
 * @see spec/dwcp.md B5
 */
export function jointSource(baseline: ByteSource, own: ByteSource): ByteSource {
  const seam = baseline.length;
  return {
    length: seam + own.length,
    read(offset, length) {
      if (offset >= seam) return own.read(offset - seam, length);
      if (offset + length <= seam) return baseline.read(offset, length);
      const both = new Uint8Array(length);
      both.set(baseline.read(offset, seam - offset));
      both.set(own.read(0, offset + length - seam), seam - offset);
      return both;
    },
  };
}
