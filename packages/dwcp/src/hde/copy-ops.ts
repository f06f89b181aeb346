import { DwcpError } from "../errors.js";
import { NetworkReader } from "../wire/network-reader.js";
import { NetworkWriter } from "../wire/network-writer.js";

/** A step of COPYLIT: bytes of the baseline, or literals. spec/dwcp.md B5 */
export type CopyOp =
  | { readonly kind: "copy"; readonly offset: number; readonly length: number }
  | { readonly kind: "literal"; readonly length: number };

/**
 * Writes steps: `length × 2`, plus 1 for a copy, which then has its distance from where the last copy would have gone on:
 * behind it, as many bytes further as literals came since.
 */
export function writeCopyOps(ops: readonly CopyOp[], rawOffset: number): Uint8Array {
  const writer = new NetworkWriter();
  let expected = rawOffset;
  for (const op of ops) {
    if (op.kind === "copy") {
      writer.varint(op.length * 2 + 1).signedVarint(op.offset - expected);
      expected = op.offset + op.length;
    } else {
      writer.varint(op.length * 2);
      expected += op.length;
    }
  }
  return writer.view();
}

/**
 * Reads steps that make exactly `rawBytes`; every copy lies inside `baselineBytes`.
 *
 * @throws {@link DwcpError} `dwcp.decode`, `dwcp.protocol`.
 */
export function readCopyOps(
  bytes: Uint8Array,
  rawBytes: number,
  rawOffset: number,
  baselineBytes: number,
): readonly CopyOp[] {
  const reader = new NetworkReader(bytes);
  const ops: CopyOp[] = [];
  let expected = rawOffset;
  let left = rawBytes;
  while (reader.remaining > 0) {
    const head = reader.varint();
    const length = Math.floor(head / 2);
    if (length === 0 || length > left) {
      throw new DwcpError("dwcp.decode", `a step of ${length} bytes where ${left} are left`);
    }
    left -= length;
    if (head % 2 === 0) {
      ops.push({ kind: "literal", length });
      expected += length;
      continue;
    }
    const offset = expected + reader.signedVarint();
    if (offset < 0 || length > baselineBytes - offset) {
      throw new DwcpError("dwcp.decode", `${length} bytes at ${offset} of ${baselineBytes}`);
    }
    ops.push({ kind: "copy", offset, length });
    expected = offset + length;
  }
  if (left > 0) throw new DwcpError("dwcp.decode", `${left} bytes that no step makes`);
  return ops;
}

/** Bytes of the literals among `ops`. */
export function literalBytesOf(ops: readonly CopyOp[]): number {
  return ops.reduce((sum, op) => (op.kind === "literal" ? sum + op.length : sum), 0);
}
