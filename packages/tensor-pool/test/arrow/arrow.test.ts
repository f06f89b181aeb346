import { describe, expect, test } from "@jest/globals";
import {
  Consumer,
  Frame,
  FrameTemplate,
  Producer,
  type PublishedTensor,
  TensorWriter,
} from "@proj/tensor-pool";
import { arrowTable, arrowValues, tensorOfArrow } from "@proj/tensor-pool/arrow";
import {
  Bool,
  makeVector,
  tableFromIPC,
  tableToIPC,
  type Vector,
  vectorFromArray,
} from "apache-arrow";
import { DescriptorQueue, StreamMemory } from "../support/memory-stream.js";

const memory = new StreamMemory(4, { 1: 1_024 });
const queue = new DescriptorQueue();
const fence = (): void => undefined;
const nowNs = (): bigint => 0n;
const producer = new Producer({ stream: memory.map(), descriptors: queue, nowNs, fence });
const consumer = new Consumer({ nowNs, fence });
consumer.map(memory.map());
const writer = new TensorWriter();

function received(tensor: PublishedTensor): Frame {
  writer.publish(producer, tensor);
  return taken();
}

function taken(): Frame {
  const [view] = queue.take();
  const frame = view === undefined ? "nothing" : consumer.accept(view, 0, view.byteLength);
  if (!(frame instanceof Frame)) throw new Error(frame);
  return frame;
}

describe("a frame as Arrow", () => {
  test.each([
    ["float32", Float32Array.of(1, 2, 3, 4, 5, 6), "Float32"],
    ["float64", Float64Array.of(1, 2, 3, 4, 5, 6), "Float64"],
    ["int8", Int8Array.of(1, -2, 3, 4, 5, 6), "Int8"],
    ["uint16", Uint16Array.of(1, 2, 3, 4, 5, 65_535), "Uint16"],
    ["int64", BigInt64Array.of(1n, -2n, 3n, 4n, 5n, 6n), "Int64"],
    ["bool", Uint8Array.of(1, 0, 1, 1, 0, 0), "Uint8"],
  ] as const)("of %s lies where the frame lies", (dtype, data, type) => {
    const frame = received({ dtype, shape: [2, 3], data });
    const values = arrowValues(frame);
    expect(String(values.type)).toBe(type);
    expect([...values]).toEqual([...data]);
    expect((values.data[0]?.values as Uint8Array | undefined)?.buffer).toBe(frame.payload.buffer);
    expect(frame.stillValid()).toBe(true);
  });

  test("as a table it is read by others as tensors of one shape", () => {
    const data = Float32Array.from({ length: 24 }, (_, index) => index);
    const table = arrowTable(received({ dtype: "float32", shape: [2, 3, 4], data }), "image");
    const read = tableFromIPC(tableToIPC(table));
    const [field] = read.schema.fields;
    expect(field?.name).toBe("image");
    expect(Object.fromEntries(field?.metadata ?? [])).toEqual({
      "ARROW:extension:name": "arrow.fixed_shape_tensor",
      "ARROW:extension:metadata": '{"shape":[3,4]}',
    });
    expect(read.numRows).toBe(2);
    expect([...((read.getChildAt(0)?.get(1) ?? []) as Iterable<number>)]).toEqual([
      ...data.subarray(12),
    ]);
  });

  test("with gaps between its rows, or of columns, it is refused", () => {
    const gaps = {
      dtype: "uint8",
      shape: [2, 3],
      strides: [8, 1],
      data: new Uint8Array(11),
    } as const;
    expect(() => arrowValues(received(gaps))).toThrow("gaps");
    const columns = new FrameTemplate({ dtype: "uint8", shape: [2, 3], majorOrder: "column" });
    producer.publish(columns, new Uint8Array(6));
    expect(() => arrowTable(taken())).toThrow("columns");
  });

  test("without elements it is empty", () => {
    const frame = received({ dtype: "uint8", shape: [0], data: new Uint8Array(0) });
    expect(arrowTable(frame).numRows).toBe(0);
  });
});

describe("an Arrow vector as a frame", () => {
  test("of numbers, and of tensors that came from elsewhere", () => {
    expect(tensorOfArrow(makeVector(Int32Array.of(1, 2, 3)))).toEqual({
      dtype: "int32",
      shape: [3],
      data: Int32Array.of(1, 2, 3),
    });
    const data = Float32Array.from({ length: 24 }, (_, index) => index);
    const table = arrowTable(received({ dtype: "float32", shape: [2, 12], data }));
    const column = tableFromIPC(tableToIPC(table)).getChildAt(0);
    if (column === null) throw new Error("no column");
    const tensor = tensorOfArrow(column);
    expect(tensor).toEqual({ dtype: "float32", shape: [2, 12], data });
    expect(received(tensor).values()).toEqual(data);
    expect(tensorOfArrow(column.slice(1))).toEqual({
      dtype: "float32",
      shape: [1, 12],
      data: data.subarray(12),
    });
  });

  test("with nulls, of several chunks or of other types is refused", () => {
    const whole = makeVector(Int32Array.of(1));
    for (const vector of [
      vectorFromArray([1, null, 3]),
      vectorFromArray(["text"]),
      vectorFromArray([true], new Bool()),
      whole.concat(whole),
    ]) {
      expect(() => tensorOfArrow(vector as Vector)).toThrow(RangeError);
    }
  });
});
