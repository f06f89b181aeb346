import { decodeUtf8, readLeb128Big } from "@proj/wire-types";
import { decoding, EtherError } from "../errors.js";

/** Groups inside groups that a reader skips before it gives up. */
const MAX_GROUP_DEPTH = 64;

/**
 * A cursor over one Protobuf message, or a part of one, that never reads beyond its end.
 *
 * Every failure is an {@link EtherError} `ether.body_malformed`.
 */
export class ProtoReader {
  /** The bytes being read; never copied. */
  readonly bytes: Uint8Array;
  /** Index of the next byte. */
  at: number;
  /** One past the last byte that may be read. */
  end: number;

  /** Reads `bytes` from its start to its end. */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.at = 0;
    this.end = bytes.length;
  }

  /** Reads one byte. */
  byte(): number {
    if (this.at >= this.end) throw malformed(`it ends at ${this.at}`);
    return this.bytes[this.at++] ?? 0;
  }

  /** Reads an unsigned LEB128 integer of at most 2^53-1. */
  varint(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 8; i++) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
      scale *= 128;
    }
    throw malformed("an integer above 2^53-1");
  }

  /** Reads an unsigned LEB128 integer of at most ten bytes and 2^64-1. */
  bigVarint(): bigint {
    const { value, size } = decoding("ether.body_malformed", () =>
      readLeb128Big(this.bytes, this.at),
    );
    if (size > this.end - this.at) throw malformed(`the integer at ${this.at} does not end`);
    this.at += size;
    return value;
  }

  /** Reads a length and checks that so many bytes are left. */
  length(): number {
    const length = this.varint();
    if (length > this.end - this.at) {
      throw malformed(`length ${length} at ${this.at}, ${this.end - this.at} bytes left`);
    }
    return length;
  }

  /** Returns the next `length` bytes, which {@link ProtoReader.length} found there, as a view. */
  view(length: number): Uint8Array {
    const start = this.at;
    this.at += length;
    return this.bytes.subarray(start, this.at);
  }

  /** Reads the next `length` bytes, which {@link ProtoReader.length} found there, as UTF-8. */
  text(length: number): string {
    const start = this.at;
    this.at += length;
    let text = "";
    if (length <= 24) {
      let i = start;
      for (; i < this.at; i++) {
        const byte = this.bytes[i] ?? 0;
        if (byte >= 0x80) break;
        text += String.fromCharCode(byte);
      }
      if (i === this.at) return text;
    }
    return decoding("ether.body_malformed", () => decodeUtf8(this.bytes.subarray(start, this.at)));
  }

  /** Reads a field's tag: number × 8 + wire type. */
  tag(): number {
    const tag = this.varint();
    if (tag < 8 || tag > 0xffff_ffff) throw malformed(`tag ${tag} at ${this.at}`);
    return tag;
  }

  /** Moves past the field whose tag was just read, groups included. */
  skipField(tag: number): void {
    const open: number[] = [];
    let next = tag;
    do {
      const wireType = next % 8;
      if (wireType === 3) open.push(next + 1);
      else if (wireType === 4) {
        if (open.pop() !== next) throw malformed(`a group ends at ${this.at} that did not begin`);
      } else this.#skipValue(wireType);
      if (open.length > MAX_GROUP_DEPTH) throw malformed(`more than ${MAX_GROUP_DEPTH} groups`);
      if (open.length > 0) next = this.tag();
    } while (open.length > 0);
  }

  #skipValue(wireType: number): void {
    if (wireType === 0) this.bigVarint();
    else if (wireType === 2) this.#skip(this.length());
    else if (wireType === 1) this.#skip(8);
    else if (wireType === 5) this.#skip(4);
    else throw malformed(`wire type ${wireType}`);
  }

  #skip(length: number): void {
    if (length > this.end - this.at) throw malformed(`it ends at ${this.end}`);
    this.at += length;
  }
}

function malformed(what: string): EtherError {
  return new EtherError("ether.body_malformed", `Protobuf: ${what}`);
}
