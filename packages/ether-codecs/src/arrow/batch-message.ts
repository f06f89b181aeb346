import { type FlatTable, type FlatVector, malformed } from "./flat-reader.js";
import { FlatWriter } from "./flat-writer.js";
import {
  ENCAPSULATION_BYTES,
  MessageKind,
  METADATA_V5,
  writeEncapsulation,
} from "./message-kind.js";

/** The bookkeeping of a record batch as it stands on the wire; nothing of it is checked against the body. */
export interface BatchHeader {
  /** Number of rows. */
  readonly length: number;
  /** Number of field nodes. */
  readonly nodes: number;
  /** Number of buffers. */
  readonly buffers: number;
  /** Rows of node `i`. */
  nodeLength(i: number): number;
  /** Nulls of node `i`. */
  nodeNulls(i: number): number;
  /** Start of buffer `i` in the message body. */
  bufferOffset(i: number): number;
  /** Bytes of buffer `i`. */
  bufferLength(i: number): number;
}

const STRUCT_BYTES = 16;

/**
 * Reads a RecordBatch table.
 *
 * @throws EtherError `ether.body_malformed`, also for compressed bodies, which §14.7 forbids.
 */
export function decodeBatchHeader(table: FlatTable): BatchHeader {
  const length = table.i64(0);
  if (length < 0) throw malformed(`a batch of ${length} rows`);
  if (table.table(3) !== undefined)
    throw malformed("a batch compressed inside Arrow; COMP compresses the body");
  const { reader } = table;
  const nodes = table.vector(1, STRUCT_BYTES);
  const buffers = table.vector(2, STRUCT_BYTES);
  const field = (vector: FlatVector, i: number, offset: number): number =>
    reader.i64(vector.at + STRUCT_BYTES * i + offset);
  return {
    length,
    nodes: nodes.count,
    buffers: buffers.count,
    nodeLength: (i) => field(nodes, i, 0),
    nodeNulls: (i) => field(nodes, i, 8),
    bufferOffset: (i) => field(buffers, i, 0),
    bufferLength: (i) => field(buffers, i, 8),
  };
}

/** A record-batch message with every number still zero, and where the numbers go. */
export interface BatchTemplate {
  /** The encapsulated message, a whole number of 8-byte words. */
  readonly message: Uint8Array;
  /** Offset of the body length. */
  readonly bodyLengthAt: number;
  /** Offset of the number of rows. */
  readonly lengthAt: number;
  /** Offset of the first field node: rows, nulls. */
  readonly nodesAt: number;
  /** Offset of the first buffer: start, length. */
  readonly buffersAt: number;
}

/** Writes the metadata of a record batch of so many field nodes and buffers. */
export function encodeBatchTemplate(nodes: number, buffers: number): BatchTemplate {
  const writer = new FlatWriter(new Uint8Array(ENCAPSULATION_BYTES));
  writer.root([
    [0, { kind: "i16", value: METADATA_V5 }],
    [1, { kind: "u8", value: MessageKind.recordBatch }],
    [3, { kind: "i64", value: 0, mark: "bodyLength" }],
    [
      2,
      {
        kind: "table",
        value: [
          [0, { kind: "i64", value: 0, mark: "length" }],
          [1, { kind: "structs", count: nodes, longs: 2, mark: "nodes" }],
          [2, { kind: "structs", count: buffers, longs: 2, mark: "buffers" }],
        ],
      },
    ],
  ]);
  const message = writer.finish();
  writeEncapsulation(message);
  const at = (mark: string): number => writer.marks.get(mark) ?? 0;
  return {
    message,
    bodyLengthAt: at("bodyLength"),
    lengthAt: at("length"),
    nodesAt: at("nodes"),
    buffersAt: at("buffers"),
  };
}
