import { DwcpError } from "../errors.js";
import type { DwcpLimits } from "../limits.js";
import { NetworkReader } from "../wire/network-reader.js";
import { NetworkWriter } from "../wire/network-writer.js";
import type { BsdiffPacking } from "./bsdiff-packing.js";

/** A step: `add` bytes of difference to the baseline, `copy` bytes as they are, then a move in the baseline. */
export interface BsdiffControl {
  readonly add: number;
  readonly copy: number;
  readonly seek: number;
}

/** The three streams of BSDIFF and BSDIFF_BROTLI. spec/dwcp.md B5, B11 */
export interface BsdiffPatch {
  readonly controls: readonly BsdiffControl[];
  /** New bytes minus old bytes, modulo 256. */
  readonly difference: Uint8Array;
  /** New bytes without an old counterpart. */
  readonly extra: Uint8Array;
}

// A control is at least three bytes and makes at least one.
const MAX_CONTROL_BYTES = 16_777_216;

/** Writes the three streams, one after the other. spec/dwcp.md B5 */
export function encodeBsdiff(patch: BsdiffPatch, packing: BsdiffPacking): Uint8Array {
  const controls = new NetworkWriter();
  for (const { add, copy, seek } of patch.controls) {
    controls.varint(add).varint(copy).signedVarint(seek);
  }
  const writer = new NetworkWriter();
  for (const stream of [controls.view(), patch.difference, patch.extra]) {
    packing.write(writer, stream);
  }
  return writer.view();
}

/**
 * Makes the new bytes from the old ones. Every step is checked against both before it is taken.
 *
 * @throws {@link DwcpError} `dwcp.decode`, `dwcp.limit`, `dwcp.protocol`.
 * @see spec/dwcp.md B5, B11
 */
export function applyBsdiff(
  encoded: Uint8Array,
  old: Uint8Array,
  rawBytes: number,
  packing: BsdiffPacking,
  limits: Pick<DwcpLimits, "maxWindowLog">,
): Uint8Array<ArrayBuffer> {
  const reader = new NetworkReader(encoded);
  const controls = new NetworkReader(packing.read(reader, MAX_CONTROL_BYTES, limits));
  const difference = packing.read(reader, rawBytes, limits);
  const extra = packing.read(reader, rawBytes - difference.length, limits);
  if (reader.remaining > 0 || difference.length + extra.length !== rawBytes) {
    throw new DwcpError("dwcp.decode", `streams of another length than ${rawBytes}`);
  }
  const into = new Uint8Array(rawBytes);
  let at = 0;
  let added = 0;
  let copied = 0;
  let oldAt = 0;
  while (controls.remaining > 0) {
    const add = controls.varint();
    const copy = controls.varint();
    const seek = controls.signedVarint();
    if (add > difference.length - added || copy > extra.length - copied) {
      throw new DwcpError("dwcp.decode", `a step of ${add} and ${copy} bytes beyond its stream`);
    }
    if (oldAt < 0 || add > old.length - oldAt) {
      throw new DwcpError("dwcp.decode", `${add} bytes at ${oldAt} of ${old.length}`);
    }
    for (let byte = 0; byte < add; byte++) {
      into[at + byte] = (difference[added + byte] ?? 0) + (old[oldAt + byte] ?? 0);
    }
    into.set(extra.subarray(copied, copied + copy), at + add);
    at += add + copy;
    added += add;
    copied += copy;
    oldAt += add + seek;
  }
  if (at !== rawBytes) throw new DwcpError("dwcp.decode", `${at} bytes where ${rawBytes} belong`);
  return into;
}
