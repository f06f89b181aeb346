import { bytesOf, leb128Size, TensorView, utf8Length } from "@proj/wire-types";
import { prepareTensor, writeTensor } from "../tensor/tensor-body.js";
import type { QuantizedTensor } from "../tensor/quantized-tensor.js";
import { TENSOR_HEADER_BYTES } from "../tensor/tensor-header.js";
import {
  classifyValue,
  type Value,
  type ValueMap,
  vectorDType,
  type VectorValue,
} from "../value.js";
import { compareUtf8 } from "./compare-utf8.js";
import { invalidValue } from "./invalid-value.js";
import { bigintSize, checkFinite, numberSize, writeBigint, writeNumber } from "./number-code.js";
import { ProtoWriter } from "./proto-writer.js";
import { ValueTag, vectorTag } from "./value-tag.js";

/** How values are written. */
export interface EncodeValueOptions {
  /** Levels of maps and lists allowed; the outermost map is level 1. */
  readonly maxNesting: number;
  /** Whether map entries are sorted by UTF-8 bytes. */
  readonly deterministic: boolean;
  /** Whether both sides set feature bit 2. §14.5 */
  readonly tensorExtension: boolean;
}

/**
 * Measures the values of one body and then writes them, in the same order.
 *
 * Measuring throws for everything that cannot be written, so writing cannot fail half-way.
 *
 * @see spec/xcp.md §14.2
 */
export class ValueEncoder {
  readonly #writer: ProtoWriter;
  readonly #options: EncodeValueOptions;

  /** `writer` records the sizes. */
  constructor(writer: ProtoWriter, options: EncodeValueOptions) {
    this.#writer = writer;
    this.#options = options;
  }

  /** Lists the keys of a map in the order in which they are written. */
  keys(map: ValueMap): readonly string[] {
    const keys = Object.keys(map);
    return this.#options.deterministic ? keys.toSorted(compareUtf8) : keys;
  }

  /**
   * Measures a value and records its size.
   *
   * @param level The level that the value has, if it is a list or map.
   * @param float32 Whether a list of numbers is written as float32 instead of float64.
   * @throws EtherError `ether.ether_invalid` for what EtherProto cannot carry.
   */
  measure(value: Value, level: number, float32: boolean): number {
    const place = this.#writer.reserve();
    return this.#writer.record(place, this.#measure(value, level, float32));
  }

  /** Writes a value that was measured: `size` is what that gave. */
  write(value: Value, size: number, float32: boolean): void {
    const writer = this.#writer;
    const classified = classifyValue(value);
    switch (classified?.kind) {
      case "null":
        return writer.byte(ValueTag.NULL);
      case "boolean":
        return writer.byte(classified.value ? ValueTag.TRUE : ValueTag.FALSE);
      case "number":
        return writeNumber(writer, classified.value);
      case "bigint":
        return writeBigint(writer, classified.value);
      case "string":
        return writer.text(classified.value, size);
      case "bytes":
        writer.byte(ValueTag.BYTES);
        return writer.raw(classified.value);
      case "attachmentRef":
        writer.byte(ValueTag.ATTACHMENT_REF);
        return writer.text(classified.value.id, size - 1);
      case "vector":
        writer.byte(vectorTagOf(classified.value));
        return writer.raw(bytesOf(classified.value));
      case "tensor":
      case "quantized":
        return this.#writeTensor(classified.value, size);
      case "list":
        return this.#writeList(classified.value, float32);
      case "map":
        return this.#writeMap(classified.value);
      case undefined:
        throw invalidValue(`a ${typeof value} is no value of an Ether`);
    }
  }

  #measure(value: Value, level: number, float32: boolean): number {
    const classified = classifyValue(value);
    switch (classified?.kind) {
      case "null":
      case "boolean":
        return 1;
      case "number":
        return numberSize(classified.value);
      case "bigint":
        return bigintSize(classified.value);
      case "string":
        return textSize(classified.value);
      case "bytes":
        return 1 + classified.value.length;
      case "attachmentRef":
        return 1 + textSize(classified.value.id);
      case "vector":
        return 1 + classified.value.byteLength;
      case "tensor":
      case "quantized":
        return this.#measureTensor(classified.value);
      case "list":
        return this.#measureList(classified.value, level, float32);
      case "map":
        return this.#measureMap(classified.value, level);
      case undefined:
        throw invalidValue(`a ${typeof value} is no value of an Ether`);
    }
  }

  #measureList(list: readonly Value[], level: number, float32: boolean): number {
    this.#enter(level);
    if (isNumberList(list)) return 1 + list.length * (float32 ? 4 : 8);
    let size = 1;
    for (const item of list) {
      const itemSize = this.measure(item, level + 1, false);
      size += leb128Size(itemSize) + itemSize;
    }
    return size;
  }

  #measureMap(map: ValueMap, level: number): number {
    this.#enter(level);
    let size = 1;
    for (const key of this.keys(map)) {
      const keySize = textSize(key);
      const valueSize = this.measure(map[key] as Value, level + 1, false);
      size += leb128Size(keySize) + keySize + leb128Size(valueSize) + valueSize;
    }
    return size;
  }

  #measureTensor(tensor: TensorView | QuantizedTensor): number {
    if (isVectorTensor(tensor)) return 1 + tensor.toBytes().length;
    const prepared = prepareTensor(tensor, this.#options);
    if (prepared.header.shape.length < 1 || prepared.header.shape.length > 6) {
      throw invalidValue(`a tensor of rank ${prepared.header.shape.length}, not 1..6`);
    }
    return 1 + TENSOR_HEADER_BYTES + prepared.data.length;
  }

  #writeTensor(tensor: TensorView | QuantizedTensor, size: number): void {
    const writer = this.#writer;
    if (isVectorTensor(tensor)) {
      writer.byte(vectorTag(tensor.dtype));
      writer.raw(tensor.toBytes());
      return;
    }
    writer.byte(ValueTag.TENSOR);
    const prepared = prepareTensor(tensor, this.#options);
    writer.block(size - 1, (into, offset) => writeTensor(prepared, into, offset));
  }

  #writeList(list: readonly Value[], float32: boolean): void {
    const writer = this.#writer;
    if (isNumberList(list)) {
      writer.byte(vectorTag(float32 ? "float32" : "float64"));
      writer.raw(bytesOf(float32 ? Float32Array.from(list) : Float64Array.from(list)));
      return;
    }
    writer.byte(ValueTag.LIST);
    for (const item of list) {
      const size = writer.size();
      writer.varint(size);
      this.write(item, size, false);
    }
  }

  #writeMap(map: ValueMap): void {
    const writer = this.#writer;
    writer.byte(ValueTag.MAP);
    for (const key of this.keys(map)) {
      writer.lengthAndText(key);
      const size = writer.size();
      writer.varint(size);
      this.write(map[key] as Value, size, false);
    }
  }

  #enter(level: number): void {
    if (level > this.#options.maxNesting) {
      throw invalidValue(`more than ${this.#options.maxNesting} levels of lists and maps`);
    }
  }
}

/**
 * Encodes one value alone, as it stands in a `map<string, bytes>`.
 *
 * @throws EtherError `ether.ether_invalid` for NaN and infinities outside vectors, bigints outside i64 and u64, lone
 * surrogates, more than 64 levels, tensors that have no tensor body.
 * @see spec/xcp.md §14.2
 */
export function encodeValue(
  value: Value,
  options: Partial<EncodeValueOptions> = {},
): Uint8Array<ArrayBuffer> {
  const writer = new ProtoWriter();
  const encoder = new ValueEncoder(writer, {
    maxNesting: 64,
    deterministic: false,
    tensorExtension: false,
    ...options,
  });
  writer.start(encoder.measure(value, 1, false));
  encoder.write(value, writer.size(), false);
  return writer.finish();
}

/** Bytes that well-formed text takes. @throws EtherError `ether.ether_invalid` for a lone surrogate. */
export function textSize(text: string): number {
  const size = utf8Length(text);
  if (size !== text.length && !text.isWellFormed()) {
    throw invalidValue("a lone surrogate has no UTF-8 form");
  }
  return size;
}

// Whether a list goes as a vector; a number in it that JSON-like lists may not hold is refused here.
function isNumberList(list: readonly Value[]): list is readonly number[] {
  if (list.length === 0) return false;
  for (const item of list) if (typeof item !== "number") return false;
  for (const item of list as readonly number[]) checkFinite(item);
  return true;
}

function isVectorTensor(tensor: TensorView | QuantizedTensor): tensor is TensorView {
  return tensor instanceof TensorView && tensor.shape.length === 1;
}

function vectorTagOf(vector: VectorValue): number {
  return vectorTag(vectorDType(vector) ?? "float32");
}
