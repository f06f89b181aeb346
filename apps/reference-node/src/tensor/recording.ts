import { once } from "node:events";
import { createReadStream, createWriteStream } from "node:fs";
import { finished } from "node:stream/promises";
import {
  Binary,
  Field,
  Int32,
  List,
  RecordBatchReader,
  RecordBatchStreamWriter,
  Table,
  Uint64,
  Utf8,
  vectorFromArray,
} from "apache-arrow";
import type { Frame, FrameType, PoolDType } from "@proj/tensor-pool";
import { isDType } from "@proj/wire-types";
import { RecordingError } from "./recording-error.js";

/** One frame of a recording. */
export interface RecordedFrame {
  /** Its number when it was recorded. */
  readonly seq: bigint;
  /** When it was captured, in nanoseconds of the machine that recorded it. */
  readonly timestampNs: bigint;
  /** What it looks like. */
  readonly type: FrameType;
  /** Its payload. */
  readonly bytes: Uint8Array;
}

const integers = new List(new Field("item", new Int32(), true));

/** Writes frames to a file: an Arrow IPC stream with one record for each. */
export class RecordingWriter {
  readonly #writer = new RecordBatchStreamWriter();
  readonly #file: ReturnType<typeof createWriteStream>;
  #bytes = 0;

  /** Makes the file, or empties it. */
  constructor(path: string) {
    this.#file = createWriteStream(path);
    this.#writer.toNodeStream().pipe(this.#file);
  }

  /** Bytes of payload that were written. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Adds a frame, of which `payload` is a copy; waits while the disk is behind. */
  async add(frame: Frame, payload: Uint8Array): Promise<void> {
    const { dtype, dims, stridesBytes, majorOrder } = frame.shape;
    const table = new Table({
      seq: vectorFromArray([BigInt(frame.seq)], new Uint64()),
      timestamp_ns: vectorFromArray([frame.timestampNs ?? 0n], new Uint64()),
      dtype: vectorFromArray([dtype], new Utf8()),
      shape: vectorFromArray([dims], integers),
      strides_bytes: vectorFromArray([stridesBytes], integers),
      major_order: vectorFromArray([majorOrder], new Utf8()),
      data: vectorFromArray([payload], new Binary()),
    });
    for (const batch of table.batches) this.#writer.write(batch);
    this.#bytes += payload.length;
    if (this.#file.writableNeedDrain) await once(this.#file, "drain");
  }

  /** Ends the file, and waits until it is written. */
  async end(): Promise<void> {
    this.#writer.finish();
    await finished(this.#file);
  }
}

/** Yields the frames of a recording in order. @throws RecordingError */
export async function* readRecording(path: string): AsyncGenerator<RecordedFrame> {
  let any = false;
  try {
    const reader = await RecordBatchReader.from(createReadStream(path));
    for await (const batch of reader) {
      for (const row of batch) {
        const frame = recordedFrame(row.toJSON());
        if (frame === undefined) throw new RecordingError(`${path} has records that are no frames`);
        any = true;
        yield frame;
      }
    }
  } catch (error) {
    if (error instanceof RecordingError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new RecordingError(`${path} cannot be read as a recording: ${why}`);
  }
  if (!any) throw new RecordingError(`${path} has no frames`);
}

function recordedFrame(row: Readonly<Record<string, unknown>>): RecordedFrame | undefined {
  const { seq, timestamp_ns: timestampNs, dtype, data, major_order: majorOrder } = row;
  const shape = numbers(row["shape"]);
  const stridesBytes = numbers(row["strides_bytes"]);
  if (typeof seq !== "bigint" || typeof timestampNs !== "bigint") return undefined;
  if (typeof dtype !== "string" || !isDType(dtype) || dtype === "float16") return undefined;
  if (shape === undefined || stridesBytes === undefined) return undefined;
  if (!(data instanceof Uint8Array)) return undefined;
  const order = majorOrder === "column" ? "column" : "row";
  const elements: PoolDType = dtype;
  return {
    seq,
    timestampNs,
    type: { dtype: elements, shape, stridesBytes, majorOrder: order },
    bytes: data,
  };
}

function numbers(value: unknown): number[] | undefined {
  if (typeof value !== "object" || value === null || !(Symbol.iterator in value)) return undefined;
  return [...(value as Iterable<unknown>)].map(Number);
}
