import { type Ether, tensorEther } from "@proj/ether-codecs";
import { columnMajorStrides, itemSize, TensorView, typedView } from "@proj/wire-types";
import { type Content, ContentError, type ContentOptions, type ContentPart } from "./content.js";
import { type NpyHeader, parseNpyHeader } from "./npy.js";
import type { Source } from "./source.js";
import { attachedTensorEther } from "./tensor-attachment.js";

/** The largest piece of an array that is held in memory. */
const MAX_PIECE_BYTES = 1_073_741_824;

/**
 * A NumPy file as `tensor` Ethers.
 *
 * float32 and float16 arrays of up to six dimensions travel as tensors; every other array as an attachment with shape
 * and dtype. A long array is cut along its first dimension.
 */
export function npyContent(source: Source, options: ContentOptions): Content {
  const notes: string[] = [];
  return { kind: "tensor", totalBytes: source.size, parts: parts(source, options, notes), notes };
}

async function* parts(
  source: Source,
  options: ContentOptions,
  notes: string[],
): AsyncGenerator<ContentPart> {
  const header = parseNpyHeader(source.name, source.head);
  const fileBytes = header.dataOffset + header.dataBytes;
  if (source.size !== undefined && source.size !== fileBytes) {
    throw new ContentError(
      `${source.name} has ${source.size} bytes, its header promises ${fileBytes}`,
      "save it again with numpy.save",
    );
  }
  const rows = header.shape[0] ?? 1;
  const rowBytes = rows === 0 ? 0 : header.dataBytes / rows;
  // Column-major arrays cannot be cut along the first dimension without moving every element.
  const rowsPerPart =
    header.columnMajor && header.shape.length > 1
      ? rows
      : Math.max(1, Math.floor(options.partBytes / Math.max(1, rowBytes)));
  // A pipe may promise any size.
  if (Math.min(rows, rowsPerPart) * rowBytes > MAX_PIECE_BYTES) {
    throw new ContentError(
      `${source.name} holds ${header.dataBytes} bytes that cannot be cut into parts of ${MAX_PIECE_BYTES}`,
      "save it in row-major order (numpy.ascontiguousarray), or send it with --as bytes",
    );
  }
  // An attachment without dimensions reads like one without a shape. spec/xcp.md §13, §14.2
  if (header.shape.length === 0) notes.push("a single number became an array of one");
  const cutter = new Cutter(source);
  await cutter.skip(header.dataOffset);
  for (let at = 0; at < rows || at === 0; at += rowsPerPart) {
    const count = Math.min(rowsPerPart, rows - at);
    const bytes = await cutter.take(count * rowBytes);
    const shape = [count, ...header.shape.slice(1)];
    yield { ethers: [arrayEther(header, shape, bytes)], sourceBytes: cutter.read };
  }
}

function arrayEther(header: NpyHeader, shape: readonly number[], bytes: Uint8Array): Ether {
  if (header.bigEndian) swapBytes(bytes, itemSize(header.dtype));
  const isFloat = header.dtype === "float32" || header.dtype === "float16";
  const dense = header.columnMajor ? rowMajor(header, shape, bytes) : bytes;
  const tensor = TensorView.fromBytes(header.dtype, shape, dense);
  const fitsBody = isFloat && shape.length <= 6;
  return fitsBody ? tensorEther(tensor) : attachedTensorEther(tensor);
}

function rowMajor(header: NpyHeader, shape: readonly number[], bytes: Uint8Array): Uint8Array {
  const strides = columnMajorStrides(shape);
  return new TensorView(header.dtype, shape, typedView(header.dtype, bytes), { strides }).toBytes();
}

function swapBytes(bytes: Uint8Array, size: number): void {
  for (let at = 0; at + size <= bytes.length; at += size) bytes.subarray(at, at + size).reverse();
}

// Cuts a stream into pieces of given sizes, each in memory of its own.
class Cutter {
  /** Bytes taken or skipped so far. */
  read = 0;
  readonly #name: string;
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest = new Uint8Array();

  constructor(source: Source) {
    this.#name = source.name;
    this.#chunks = source.stream()[Symbol.asyncIterator]();
  }

  async skip(bytes: number): Promise<void> {
    await this.take(bytes);
  }

  async take(bytes: number): Promise<Uint8Array> {
    const whole = new Uint8Array(bytes);
    for (let at = 0; at < bytes;) {
      if (this.#rest.length === 0) await this.#refill();
      const piece = this.#rest.subarray(0, bytes - at);
      whole.set(piece, at);
      this.#rest = this.#rest.subarray(piece.length);
      at += piece.length;
    }
    this.read += bytes;
    return whole;
  }

  async #refill(): Promise<void> {
    const next = await this.#chunks.next();
    if (next.done === true) {
      throw new ContentError(
        `${this.#name} ends in the middle of its array`,
        "save it again with numpy.save",
      );
    }
    this.#rest = Uint8Array.from(next.value);
  }
}
