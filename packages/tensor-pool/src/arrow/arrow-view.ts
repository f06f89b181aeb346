import {
  Field,
  FixedSizeList,
  makeData,
  makeVector,
  RecordBatch,
  Schema,
  Struct,
  Table,
  type Vector,
} from "apache-arrow";
import type { Frame } from "../consumer/frame.js";
import { isGapless } from "../region/strides.js";

/**
 * Returns the elements of a frame as an Arrow vector, in place and in the order in which they lie.
 *
 * The vector is a view: what was computed from it counts if `frame.stillValid()` says so afterwards. Booleans are bytes,
 * since Arrow's own are bits.
 *
 * @throws `RangeError` for elements with gaps between them: Arrow has no strides.
 */
export function arrowValues(frame: Frame): Vector {
  const { shape } = frame;
  if (!isGapless(shape)) throw new RangeError(`strides of ${shape.stridesBytes.join()} have gaps`);
  return makeVector(frame.values().subarray(0, shape.extentBytes / shape.itemBytes));
}

/**
 * Returns a frame as an Arrow table with one column, in place: a row for each step of the first dimension, and in it a
 * tensor of the others.
 *
 * The column has Arrow's extension type `arrow.fixed_shape_tensor`, which pyarrow and others read as tensors. It is a view,
 * as {@link arrowValues} is.
 *
 * @param name What the column is called; default `tensor`.
 * @throws `RangeError` for elements with gaps between them, and for columns that lie together.
 */
export function arrowTable(frame: Frame, name = "tensor"): Table {
  const { dims, majorOrder } = frame.shape;
  if (majorOrder === "column" && dims.length > 1) throw new RangeError("columns lie together");
  const values = arrowValues(frame);
  const [elements] = values.data;
  if (elements === undefined) throw new RangeError("a vector without data");
  const [length = 0, ...shape] = dims;
  const width = shape.reduce((product, size) => product * size, 1);
  const type = new FixedSizeList(width, new Field("item", values.type, false));
  const column = makeData({ type, length, nullCount: 0, child: elements });
  const metadata = new Map([
    ["ARROW:extension:name", "arrow.fixed_shape_tensor"],
    ["ARROW:extension:metadata", JSON.stringify({ shape })],
  ]);
  const fields = [new Field(name, type, false, metadata)];
  const rows = makeData({ type: new Struct(fields), length, nullCount: 0, children: [column] });
  return new Table(new RecordBatch(new Schema(fields), rows));
}
