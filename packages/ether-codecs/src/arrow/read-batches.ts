import type { EtherLimits } from "../limits.js";
import { EtherError } from "../errors.js";
import type { ArrowField, ArrowSchema } from "./arrow-type.js";
import type { ArrowColumn } from "./column.js";
import { malformed } from "./flat-reader.js";
import { readIpcStream } from "./ipc-stream.js";
import { loadColumns } from "./load-columns.js";

/** The rows of one record batch. */
interface ArrowBatch {
  /** Number of rows. */
  readonly length: number;
  /** One column per field of the schema. */
  readonly columns: readonly ArrowColumn[];
}

/** A stream whose every buffer was checked. */
export interface ArrowTable {
  /** The columns' names and types. */
  readonly schema: ArrowSchema;
  /** The rows, batch by batch; column data are views of the stream. */
  readonly batches: readonly ArrowBatch[];
  /** Rows of all batches. */
  readonly length: number;
}

/**
 * Reads a whole IPC stream and checks all of it, so that nothing in it leads out of its bounds.
 *
 * Columns are views of `bytes` when it is 8-aligned.
 *
 * @throws EtherError `ether.body_malformed`, `ether.too_large` for more than a limit of `limits`.
 * @see spec/xcp.md §14.7
 */
export function readArrow(bytes: Uint8Array, limits: EtherLimits): ArrowTable {
  if (bytes.length > limits.maxBodyBytes) {
    throw tooLarge(`${bytes.length} bytes, limit ${limits.maxBodyBytes}`);
  }
  const stream = readIpcStream(bytes, limits);
  const encodings = dictionaryFields(stream.schema.fields);
  const dictionaries = new Map<number, readonly ArrowColumn[]>();
  const batches: ArrowBatch[] = [];
  let rows = 0;
  let entries = 0;
  for (const message of stream.batches) {
    const { length } = message.header;
    if (message.dictionary === undefined) {
      rows += length;
      if (rows > limits.maxArrowRows) throw tooLarge(`${rows} rows, limit ${limits.maxArrowRows}`);
      const columns = loadColumns(message, stream.schema.fields, dictionaries);
      batches.push({ length, columns });
      continue;
    }
    entries += length;
    if (entries > limits.maxArrowRows) throw tooLarge(`${entries} dictionary entries`);
    const { id, isDelta } = message.dictionary;
    const field = encodings.get(id);
    if (field === undefined) throw malformed(`dictionary ${id}, which no column uses`);
    const part = loadColumns(message, [field], dictionaries);
    dictionaries.set(id, isDelta ? [...(dictionaries.get(id) ?? []), ...part] : part);
  }
  return { schema: stream.schema, batches, length: rows };
}

// The values of every dictionary as a field of their own.
function dictionaryFields(fields: readonly ArrowField[]): ReadonlyMap<number, ArrowField> {
  const found = new Map<number, ArrowField>();
  const visit = (field: ArrowField): void => {
    for (const child of field.children) visit(child);
    const { dictionary, ...values } = field;
    if (dictionary === undefined) return;
    const other = found.get(dictionary.id);
    if (other !== undefined && !sameLayout(other, values)) {
      throw malformed(`dictionary ${dictionary.id} has two types`);
    }
    found.set(dictionary.id, values);
  };
  for (const field of fields) visit(field);
  return found;
}

function sameLayout(a: ArrowField, b: ArrowField): boolean {
  return (
    JSON.stringify(a.type) === JSON.stringify(b.type) &&
    a.children.length === b.children.length &&
    a.children.every((child, i) => {
      const other = b.children[i];
      return other !== undefined && sameLayout(child, other);
    })
  );
}

function tooLarge(what: string): EtherError {
  return new EtherError("ether.too_large", `ARROW_IPC: ${what}`);
}
