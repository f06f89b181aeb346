import { EtherError } from "../errors.js";
import type { EtherLimits } from "../limits.js";
import type { ArrowSchema } from "./arrow-type.js";
import { type BatchHeader, decodeBatchHeader } from "./batch-message.js";
import { FlatReader, type FlatTable, malformed } from "./flat-reader.js";
import { CONTINUATION, MessageKind, METADATA_V4, METADATA_V5 } from "./message-kind.js";
import { decodeSchema } from "./schema-message.js";

/** A record batch or dictionary batch of a stream. */
export interface BatchMessage {
  /** The dictionary whose values these are; absent for rows. */
  readonly dictionary?: { readonly id: number; readonly isDelta: boolean };
  /** Its bookkeeping. */
  readonly header: BatchHeader;
  /** The buffers, 8-aligned: a view of the stream where the stream is aligned, else a copy. */
  readonly body: Uint8Array;
  /** Whether unions have a validity buffer, as before metadata version 5. */
  readonly unionValidity: boolean;
}

/** A whole stream, taken apart but not yet interpreted. */
export interface IpcStream {
  readonly schema: ArrowSchema;
  readonly batches: readonly BatchMessage[];
}

/**
 * Takes an IPC stream apart.
 *
 * Reads the framing since Arrow 0.15 and the one before it; the end marker may be missing, nothing may follow it.
 *
 * @throws EtherError `ether.body_malformed`, `ether.too_large` for more batches than `limits` allow.
 * @see spec/xcp.md §14.7
 */
export function readIpcStream(bytes: Uint8Array, limits: EtherLimits): IpcStream {
  const cursor = new MessageCursor(bytes);
  const first = cursor.next();
  if (first?.kind !== MessageKind.schema || first.body.length > 0) {
    throw malformed("a stream that does not start with a schema");
  }
  const schema = decodeSchema(first.table, limits.maxArrowFields);
  const batches: BatchMessage[] = [];
  for (let message = cursor.next(); message !== undefined; message = cursor.next()) {
    if (batches.length === limits.maxArrowBatches) {
      throw new EtherError("ether.too_large", `more than ${limits.maxArrowBatches} Arrow batches`);
    }
    batches.push(batchOf(message));
  }
  return { schema, batches };
}

interface Message {
  readonly kind: number;
  readonly version: number;
  readonly table: FlatTable;
  readonly body: Uint8Array;
}

function batchOf(message: Message): BatchMessage {
  const rest = { body: message.body, unionValidity: message.version < METADATA_V5 };
  if (message.kind === MessageKind.recordBatch) {
    return { ...rest, header: decodeBatchHeader(message.table) };
  }
  if (message.kind !== MessageKind.dictionaryBatch) {
    throw malformed(`a message of kind ${message.kind} after the schema`);
  }
  const data = message.table.table(1);
  if (data === undefined) throw malformed("a dictionary batch without data");
  const dictionary = { id: message.table.i64(0), isDelta: message.table.bool(2) };
  return { ...rest, header: decodeBatchHeader(data), dictionary };
}

class MessageCursor {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  next(): Message | undefined {
    if (this.#at === this.#bytes.length) return undefined;
    let length = this.#u32();
    if (length === CONTINUATION) length = this.#u32();
    if (length === 0) {
      const left = this.#bytes.length - this.#at;
      if (left > 0) throw malformed(`${left} bytes after the end of the stream`);
      return undefined;
    }
    const message = new FlatReader(this.#take(length)).root();
    const version = message.i16(0, 0);
    if (version !== METADATA_V4 && version !== METADATA_V5) {
      throw malformed(`metadata version ${version + 1}`);
    }
    const table = message.table(2);
    if (table === undefined) throw malformed("a message without a header");
    const bodyLength = message.i64(3);
    return { kind: message.u8(1, 0), version, table, body: this.#body(bodyLength) };
  }

  #body(length: number): Uint8Array {
    if (length < 0) throw malformed(`a message body of ${length} bytes`);
    const body = this.#take(length);
    return body.byteOffset % 8 === 0 ? body : new Uint8Array(body);
  }

  #u32(): number {
    this.#take(4);
    return this.#view.getUint32(this.#at - 4, true);
  }

  #take(length: number): Uint8Array {
    const left = this.#bytes.length - this.#at;
    if (length > left) throw malformed(`a stream that ends ${length - left} bytes too early`);
    const start = this.#at;
    this.#at += length;
    return this.#bytes.subarray(start, this.#at);
  }
}
