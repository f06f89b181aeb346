import type { VectorValue } from "@proj/ether-codecs";
import {
  DataType,
  Precision,
  type RecordBatch,
  RecordBatchReader,
  type Vector,
} from "apache-arrow";
import { type Content, ContentError, type ContentOptions, type ContentPart } from "./content.js";
import type { Source } from "./source.js";
import { type Column, TABLE_KIND, tableEther, TextColumnBuilder } from "./table.js";

/** An Arrow IPC file or stream as table Ethers, batch by batch. */
export function arrowContent(source: Source, options: ContentOptions): Content {
  const notes: string[] = [];
  return { kind: TABLE_KIND, totalBytes: source.size, parts: parts(source, options, notes), notes };
}

async function* parts(
  source: Source,
  options: ContentOptions,
  notes: string[],
): AsyncGenerator<ContentPart> {
  let read = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of source.stream()) {
      read += chunk.length;
      yield chunk;
    }
  }
  try {
    const reader = await RecordBatchReader.from(counted());
    let batches = 0;
    for await (const batch of reader) {
      for (const slice of slices(batch, options.partBytes)) {
        batches++;
        yield { ethers: [tableEther(columnsOf(slice, notes))], sourceBytes: read };
      }
    }
    if (batches === 0) {
      throw new ContentError(`${source.name} holds no rows`, "send a table that has some");
    }
  } catch (error) {
    throw error instanceof ContentError ? error : arrowProblem(source, error as Error);
  }
}

function arrowProblem(source: Source, { message }: Error): ContentError {
  if (message.includes("compressed")) {
    return new ContentError(
      `${source.name} is an Arrow file that is compressed inside`,
      'write it without compression (pyarrow, pandas: compression="uncompressed"); --compress acts on the way',
    );
  }
  // Anything else that the reader says is about its own state, not about the file.
  return new ContentError(
    `${source.name} is not a whole Arrow IPC file or stream with rows`,
    "write it again, or send it with --as bytes",
  );
}

function slices(batch: RecordBatch, partBytes: number): readonly RecordBatch[] {
  const bytesPerRow = Math.max(1, batch.data.byteLength / Math.max(1, batch.numRows));
  const rows = Math.max(1, Math.floor(partBytes / bytesPerRow));
  const result: RecordBatch[] = [];
  for (let at = 0; at < batch.numRows; at += rows) {
    result.push(batch.slice(at, Math.min(batch.numRows, at + rows)));
  }
  return result;
}

function columnsOf(batch: RecordBatch, notes: string[]): ReadonlyMap<string, Column> {
  const columns = new Map<string, Column>();
  for (const [i, field] of batch.schema.fields.entries()) {
    const vector = batch.getChildAt(i);
    if (vector === null) continue;
    const { column, note } = toColumn(vector);
    columns.set(field.name, column);
    if (note !== undefined) addOnce(notes, `${field.name} (${field.type}): ${note}`);
  }
  return columns;
}

function toColumn(vector: Vector): { readonly column: Column; readonly note?: string } {
  const { type } = vector;
  const isNumber =
    DataType.isInt(type) || (DataType.isFloat(type) && type.precision !== Precision.HALF);
  if (isNumber && vector.nullCount === 0) return { column: copyOf(vector.toArray()) };
  if (isNumber || DataType.isFloat(type)) {
    return {
      column: Float64Array.from(vector, (value: unknown) =>
        value === null ? Number.NaN : Number(value),
      ),
      ...(vector.nullCount > 0 ? { note: "missing values became NaN" } : {}),
    };
  }
  if (DataType.isDate(type) || DataType.isTimestamp(type)) {
    return {
      column: Float64Array.from(vector, (value: unknown) =>
        value === null ? Number.NaN : Number(value),
      ),
      note: "became milliseconds since 1970",
    };
  }
  if (DataType.isBool(type) && vector.nullCount === 0) {
    return {
      column: { booleans: Uint8Array.from(vector, (value: unknown) => (value === true ? 1 : 0)) },
    };
  }
  const text = new TextColumnBuilder();
  const plain = DataType.isUtf8(type) || DataType.isLargeUtf8(type) || DataType.isDictionary(type);
  for (const value of vector as Iterable<unknown>) text.push(value === null ? null : asText(value));
  return plain ? { column: text.build() } : { column: text.build(), note: "became text" };
}

function asText(value: unknown): string {
  if (typeof value === "string") return value;
  return (
    JSON.stringify(value, (_, inner: unknown) =>
      typeof inner === "bigint" ? String(inner) : inner,
    ) ?? ""
  );
}

// A vector of Uint8 would count as bytes, not as numbers.
function copyOf(array: unknown): VectorValue {
  if (array instanceof Uint8Array) return Uint16Array.from(array);
  return (array as VectorValue).slice();
}

function addOnce(notes: string[], note: string): void {
  if (!notes.includes(note)) notes.push(note);
}
