import { type DType, elementCount, isWireError, itemSize, type Shape } from "@proj/wire-types";
import { ContentError } from "./content.js";

/** What the header of a NumPy file says. */
export interface NpyHeader {
  /** Element type. */
  readonly dtype: DType;
  /** Sizes of the dimensions. */
  readonly shape: Shape;
  /** Whether the first dimension is the contiguous one. */
  readonly columnMajor: boolean;
  /** Whether every element has its bytes the other way round. */
  readonly bigEndian: boolean;
  /** Where the elements begin. */
  readonly dataOffset: number;
  /** Bytes of all elements. */
  readonly dataBytes: number;
}

const signature = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

const dtypes: Readonly<Record<string, DType>> = {
  f2: "float16",
  f4: "float32",
  f8: "float64",
  i1: "int8",
  u1: "uint8",
  i2: "int16",
  u2: "uint16",
  i4: "int32",
  u4: "uint32",
  i8: "int64",
  u8: "uint64",
  b1: "bool",
};

/** Recognises a NumPy file by its first bytes. */
export function isNpy(head: Uint8Array): boolean {
  return signature.every((byte, i) => head[i] === byte);
}

/** Reads the header of a `.npy` file, versions 1 to 3. `head` holds at least all of it. @throws ContentError */
export function parseNpyHeader(name: string, head: Uint8Array): NpyHeader {
  if (!isNpy(head)) throw wrong(name, "does not begin as a NumPy file does");
  const version = head[6] ?? 0;
  if (version < 1 || version > 3) throw wrong(name, `has format version ${version}, not 1 to 3`);
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const start = version === 1 ? 10 : 12;
  if (head.length < start) throw wrong(name, "ends inside its header");
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (start + length > head.length) throw wrong(name, "ends inside its header");
  const text = new TextDecoder().decode(head.subarray(start, start + length));
  return interpret(name, text, start + length);
}

// The header is the text of a Python dictionary with exactly three members.
function interpret(name: string, text: string, dataOffset: number): NpyHeader {
  const descr = /'descr'\s*:\s*'([<>|=])([a-z]\d+)'/.exec(text);
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text);
  const shapeText = /'shape'\s*:\s*\(([\d\s,]*)\)/.exec(text)?.[1];
  if (order === null || shapeText === undefined)
    throw wrong(name, "has a header that cannot be read");
  const dtype = dtypes[descr?.[2] ?? ""];
  if (descr === null || dtype === undefined) {
    const found = /'descr'\s*:\s*([^,]+)/.exec(text)?.[1] ?? "an unknown type";
    throw wrong(
      name,
      `holds elements of ${found}; only numbers and booleans of fixed size can be sent`,
    );
  }
  const shape = shapeText
    .split(",")
    .map((dimension) => dimension.trim())
    .filter((dimension) => dimension !== "")
    .map(Number);
  return {
    dtype,
    shape,
    columnMajor: order[1] === "True",
    bigEndian: descr[1] === ">",
    dataOffset,
    dataBytes: countElements(name, shape) * itemSize(dtype),
  };
}

function countElements(name: string, shape: Shape): number {
  try {
    return elementCount(shape);
  } catch (error) {
    if (isWireError(error)) throw wrong(name, error.message);
    throw error;
  }
}

function wrong(name: string, what: string): ContentError {
  return new ContentError(
    `${name} ${what}`,
    "save it again with numpy.save, or send it with --as bytes",
  );
}
