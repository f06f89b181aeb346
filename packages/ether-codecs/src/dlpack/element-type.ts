import type { DType } from "@proj/wire-types";
import { EtherError } from "../errors.js";

/** An element type in DLPack's terms. */
export interface DlpackType {
  /** 0 int, 1 uint, 2 float, 4 bfloat, 5 complex, 6 bool. */
  readonly typeCode: number;
  /** Bits of one lane. */
  readonly bits: number;
}

const types: Readonly<Record<DType, DlpackType>> = {
  float16: { typeCode: 2, bits: 16 },
  float32: { typeCode: 2, bits: 32 },
  float64: { typeCode: 2, bits: 64 },
  int8: { typeCode: 0, bits: 8 },
  uint8: { typeCode: 1, bits: 8 },
  int16: { typeCode: 0, bits: 16 },
  uint16: { typeCode: 1, bits: 16 },
  int32: { typeCode: 0, bits: 32 },
  uint32: { typeCode: 1, bits: 32 },
  int64: { typeCode: 0, bits: 64 },
  uint64: { typeCode: 1, bits: 64 },
  bool: { typeCode: 6, bits: 8 },
};

const BFLOAT = 4;

/** The DLPack form of an element type. */
export function dlpackType(dtype: DType): DlpackType {
  return types[dtype];
}

/** How the elements of a descriptor are read: bfloat16 is widened to float32, exactly. */
export type ElementReading = DType | "bfloat16";

/**
 * Names the element type of a descriptor.
 *
 * @throws EtherError `ether.tensor_header` for one that no tensor of an Ether has, such as complex numbers.
 */
export function elementReading({ typeCode, bits }: DlpackType): ElementReading {
  if (typeCode === BFLOAT && bits === 16) return "bfloat16";
  for (const [dtype, type] of Object.entries(types) as [DType, DlpackType][]) {
    if (type.typeCode === typeCode && type.bits === bits) return dtype;
  }
  throw new EtherError(
    "ether.tensor_header",
    `DLPACK: elements of type ${typeCode} with ${bits} bits have no place in an Ether`,
  );
}

/** Widens bfloat16, held as 16 bits, to float32: exact. */
export function widenBfloat16(bits: Uint16Array): Float32Array {
  const words = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) words[i] = (bits[i] ?? 0) << 16;
  return new Float32Array(words.buffer);
}
