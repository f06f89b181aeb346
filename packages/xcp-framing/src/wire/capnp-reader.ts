import { XcpError } from "../errors.js";
import type { MsgId } from "./header.js";
import { loadU16, loadU32, loadU64 } from "./little-endian.js";

const WORD = 8;
const MAX_SEGMENTS = 16;
const BUDGET_FACTOR = 8;
const BYTE_ELEMENTS = 2;
const POINTER_ELEMENTS = 6;
const COMPOSITE_ELEMENTS = 7;
// Data bits of one element by element-size code; bits and composites are handled apart.
const ELEMENT_BYTES = [0, 0, 1, 2, 4, 8] as const;

/** A struct in a message: where its sections are. Fields beyond them read as zero. */
export interface CapnpStruct {
  readonly segment: number;
  readonly dataAt: number;
  readonly dataBytes: number;
  readonly pointersAt: number;
  readonly pointers: number;
}

interface Target {
  readonly kind: number;
  readonly segment: number;
  readonly at: number;
  readonly sizes: number;
}

/**
 * Reads a Cap'n Proto message in unpacked stream framing, from an untrusted peer.
 *
 * Every pointer is checked against its segment, and everything that is followed is charged to a budget of 8 × the
 * message's bytes, at least 8 bytes per list element. The nesting limit needs no counter: a reader only goes where its
 * schema does, three levels deep here, and a far pointer leads to at most one further hop.
 *
 * @throws XcpError `xcp.header_malformed` from every method.
 * @see spec/xcp.md §4
 */
export class CapnpReader {
  readonly #bytes: Uint8Array;
  /** Start of each segment, and the end of the last one. */
  readonly #bounds: readonly number[];
  #budget: number;

  /** Reads the segment table of `bytes`, which holds exactly one message and is not copied. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#bounds = readSegmentTable(bytes);
    this.#budget = BUDGET_FACTOR * bytes.length;
  }

  /** The root struct, or `undefined` where the root pointer is null. */
  root(): CapnpStruct | undefined {
    const [start = 0, end = 0] = this.#bounds;
    if (end - start < WORD) throw malformed("the first segment has no root pointer");
    return this.#struct(0, start);
  }

  /** The struct that pointer `index` of `parent` leads to; `undefined` when null or absent. */
  structAt(parent: CapnpStruct, index: number): CapnpStruct | undefined {
    if (index >= parent.pointers) return undefined;
    return this.#struct(parent.segment, parent.pointersAt + WORD * index);
  }

  /** The bytes of a list of bytes, as a view; `undefined` when null or absent. */
  bytesAt(parent: CapnpStruct, index: number, maxBytes: number): Uint8Array | undefined {
    if (index >= parent.pointers) return undefined;
    const target = this.#follow(parent.segment, parent.pointersAt + WORD * index);
    if (target === undefined) return undefined;
    const count = target.sizes >>> 3;
    if (target.kind !== 1 || (target.sizes & 7) !== BYTE_ELEMENTS) {
      throw malformed("a text or data field does not point at bytes");
    }
    if (count > maxBytes) throw malformed(`field of ${count} bytes, limit ${maxBytes}`);
    this.#claim(target, Math.ceil(count / WORD) * WORD, count * WORD);
    return this.#bytes.subarray(target.at, target.at + count);
  }

  /** The structs of a list, also of one that an older schema wrote as plain values. */
  structsAt(parent: CapnpStruct, index: number, maxCount: number): readonly CapnpStruct[] {
    if (index >= parent.pointers) return [];
    const target = this.#follow(parent.segment, parent.pointersAt + WORD * index);
    if (target === undefined) return [];
    if (target.kind !== 1) throw malformed("a list field does not point at a list");
    return (target.sizes & 7) === COMPOSITE_ELEMENTS
      ? this.#composite(target, maxCount)
      : this.#upgraded(target, maxCount);
  }

  /** A u16 of the data section. */
  u16(struct: CapnpStruct, at: number): number {
    return at + 2 <= struct.dataBytes ? loadU16(this.#bytes, struct.dataAt + at) : 0;
  }

  /** A u32 of the data section. */
  u32(struct: CapnpStruct, at: number): number {
    return at + 4 <= struct.dataBytes ? loadU32(this.#bytes, struct.dataAt + at) : 0;
  }

  /** A u64 of the data section. */
  u64(struct: CapnpStruct, at: number): MsgId {
    return at + 8 <= struct.dataBytes ? loadU64(this.#bytes, struct.dataAt + at) : 0;
  }

  #struct(segment: number, at: number): CapnpStruct | undefined {
    const target = this.#follow(segment, at);
    if (target === undefined) return undefined;
    if (target.kind !== 0) throw malformed("a struct field does not point at a struct");
    const dataBytes = WORD * (target.sizes & 0xffff);
    const pointers = target.sizes >>> 16;
    const size = dataBytes + WORD * pointers;
    this.#claim(target, size, WORD);
    return {
      segment: target.segment,
      dataAt: target.at,
      dataBytes,
      pointersAt: target.at + dataBytes,
      pointers,
    };
  }

  #composite(target: Target, maxCount: number): readonly CapnpStruct[] {
    const words = target.sizes >>> 3;
    this.#claim(target, WORD * (words + 1), WORD);
    const tag = loadU32(this.#bytes, target.at);
    const sizes = loadU32(this.#bytes, target.at + 4);
    const count = tag >>> 2;
    const dataBytes = WORD * (sizes & 0xffff);
    const pointers = sizes >>> 16;
    const stride = dataBytes + WORD * pointers;
    if ((tag & 3) !== 0) throw malformed("the tag of a struct list is not a struct");
    if (count > maxCount) throw malformed(`list of ${count} elements, limit ${maxCount}`);
    if (count * stride > WORD * words) throw malformed("a struct list is longer than its words");
    this.#charge(count * WORD);
    return this.#elements(count, target, target.at + WORD, { dataBytes, pointers, stride });
  }

  #upgraded(target: Target, maxCount: number): readonly CapnpStruct[] {
    const code = target.sizes & 7;
    const count = target.sizes >>> 3;
    if (code === 1) throw malformed("a list of bits cannot be read as structs");
    if (count > maxCount) throw malformed(`list of ${count} elements, limit ${maxCount}`);
    const pointers = code === POINTER_ELEMENTS ? 1 : 0;
    const dataBytes = ELEMENT_BYTES[code] ?? 0;
    const stride = dataBytes + WORD * pointers;
    this.#claim(target, Math.ceil((count * stride) / WORD) * WORD, count * WORD);
    return this.#elements(count, target, target.at, { dataBytes, pointers, stride });
  }

  #elements(
    count: number,
    target: Target,
    at: number,
    element: { readonly dataBytes: number; readonly pointers: number; readonly stride: number },
  ): readonly CapnpStruct[] {
    return Array.from({ length: count }, (_, i) => ({
      segment: target.segment,
      dataAt: at + i * element.stride,
      dataBytes: element.dataBytes,
      pointersAt: at + i * element.stride + element.dataBytes,
      pointers: element.pointers,
    }));
  }

  // Resolves the pointer word at `at`, through one or two landing pads if need be.
  #follow(segment: number, at: number): Target | undefined {
    const word = loadU32(this.#bytes, at);
    const sizes = loadU32(this.#bytes, at + 4);
    if (word === 0 && sizes === 0) return undefined;
    const kind = word & 3;
    if (kind < 2) return { kind, segment, at: near(at, word), sizes };
    if (kind === 3) throw malformed("a header has no capabilities");
    const pad = this.#far(word, sizes, (word & 4) === 0 ? WORD : 2 * WORD);
    const padWord = loadU32(this.#bytes, pad);
    const padSizes = loadU32(this.#bytes, pad + 4);
    if ((word & 4) === 0) {
      if ((padWord & 3) > 1) throw malformed("a far pointer leads to a far pointer");
      return { kind: padWord & 3, segment: sizes, at: near(pad, padWord), sizes: padSizes };
    }
    const tag = loadU32(this.#bytes, pad + WORD);
    if ((padWord & 7) !== 2 || (tag & ~1) !== 0) throw malformed("a double-far pad is malformed");
    return {
      kind: tag & 3,
      segment: padSizes,
      at: this.#far(padWord, padSizes, 0),
      sizes: loadU32(this.#bytes, pad + WORD + 4),
    };
  }

  // Where a far pointer leads, with `size` bytes there.
  #far(word: number, segment: number, size: number): number {
    const start = this.#bounds[segment];
    const end = this.#bounds[segment + 1];
    if (start === undefined || end === undefined) throw malformed(`there is no segment ${segment}`);
    const at = start + WORD * (word >>> 3);
    if (at + size > end) throw malformed("a far pointer leads out of its segment");
    this.#charge(size);
    return at;
  }

  #claim(target: Target, size: number, charge: number): void {
    const start = this.#bounds[target.segment] ?? 0;
    const end = this.#bounds[target.segment + 1] ?? 0;
    if (target.at < start || target.at + size > end) {
      throw malformed("a pointer leads out of its segment");
    }
    this.#charge(Math.max(size, charge));
  }

  #charge(bytes: number): void {
    this.#budget -= bytes;
    if (this.#budget < 0) throw malformed("the header is traversed beyond its budget");
  }
}

function readSegmentTable(bytes: Uint8Array): readonly number[] {
  if (bytes.length < WORD) throw malformed(`header of ${bytes.length} bytes`);
  const count = loadU32(bytes, 0) + 1;
  if (count > MAX_SEGMENTS) throw malformed(`${count} segments, limit ${MAX_SEGMENTS}`);
  const tableBytes = Math.ceil((4 + 4 * count) / WORD) * WORD;
  if (tableBytes > bytes.length) throw malformed("the segment table does not end");
  const bounds = [tableBytes];
  let end = tableBytes;
  for (let i = 0; i < count; i++) {
    end += WORD * loadU32(bytes, 4 + 4 * i);
    if (end > bytes.length) throw malformed("the segments do not end");
    bounds.push(end);
  }
  if (end !== bytes.length) throw malformed(`${bytes.length - end} bytes after the last segment`);
  return bounds;
}

// The offset counts words from the end of the pointer and is signed.
function near(at: number, word: number): number {
  return at + WORD + WORD * ((word | 0) >> 2);
}

function malformed(message: string): XcpError {
  return new XcpError("xcp.header_malformed", message);
}
