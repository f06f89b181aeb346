export {
  asWireError,
  type CodeInfo,
  type CodeTable,
  type ErrorDetails,
  type ErrorScope,
  isWireError,
  type WireCode,
  WireCodes,
  WireError,
  wireError,
  type WireErrorOptions,
} from "./errors.js";

export { ByteReader } from "./byte-reader.js";
export { ByteWriter } from "./byte-writer.js";
export { concatBytes, equalBytes } from "./bytes.js";
export { formatHex, parseHex } from "./hex.js";
export { formatBase64, parseBase64 } from "./base64.js";
export { decodeUtf8, encodeUtf8, encodeUtf8Into, isWellFormed, utf8Length } from "./utf8.js";
export {
  leb128Size,
  readLeb128,
  readLeb128Big,
  type SizedInteger,
  unzigzag,
  writeLeb128,
  writeLeb128Big,
  zigzag,
} from "./varint.js";
export { type Crc32c, crc32c } from "./crc32c.js";
export { fnv1a32, fnv1a64 } from "./fnv1a.js";

export { type Limits, type LimitSpec, type LimitTable, resolveLimits } from "./limits.js";
export { IntervalSet } from "./interval-set.js";
export { type Clock, ManualTime, type Timer, type Timers } from "./time.js";
export { type RandomSource, SeededRandom, uniform } from "./random.js";

export type {
  Address,
  ByteStream,
  ByteStreamHandlers,
  DatagramSocket,
  DatagramSocketHandlers,
  Listener,
  MessagePipe,
  MessagePipeHandlers,
  TransportInfo,
} from "./transport.js";
export type { MemoryOptions } from "./memory-lane.js";
export { memoryStreamPair } from "./memory-stream.js";
export { memoryPipePair } from "./memory-pipe.js";

export {
  formatShmUri,
  parseShmUri,
  type ShmFileUri,
  type ShmObjectUri,
  type ShmRange,
  type ShmUri,
} from "./shm-uri.js";
export type { SharedRegion } from "./shared-region.js";

export {
  type Counter,
  type Gauge,
  type Histogram,
  type Labels,
  type LogLevel,
  type LogRecord,
  type LogSink,
  type Meter,
  type MetricDescription,
  silentTelemetry,
  type Span,
  type Telemetry,
  type Tracer,
} from "./events.js";

export {
  type HistogramSample,
  type MetricSample,
  MetricsRegistry,
  type MetricsRegistryOptions,
  type MetricSnapshot,
  OVERFLOW_LABEL,
} from "./metrics-registry.js";

export {
  bytesOf,
  type DType,
  dtypes,
  isDType,
  itemSize,
  type TypedArray,
  typedView,
} from "./tensor/dtype.js";
export { columnMajorStrides, elementCount, rowMajorStrides, type Shape } from "./tensor/shape.js";
export { type TensorOptions, TensorView } from "./tensor/tensor-view.js";
export { float16Bits, float16ToFloat32, float16Value, float32ToFloat16 } from "./tensor/float16.js";
export {
  dequantizeInt8,
  dequantizeInt8Rows,
  INT8_ZERO_POINT,
  type Int8RowLayout,
  type Int8Scale,
  quantizeInt8,
  quantizeInt8Rows,
} from "./tensor/int8.js";

export { CodecId, type CodecName, PRIVATE_CODEC_MIN } from "./codec-id.js";
export {
  advertisedCodecs,
  codecPolicies,
  type CodecPolicy,
  isCodecPolicy,
  parseCodecPolicy,
} from "./codec-policy.js";
export { type JsonOveruse, JsonShareMeter } from "./json-share-meter.js";
export { kindIdsOf, matchesKind, sameKind } from "./kind-id.js";
export { holdsMinor, type KindRange, minorsOf } from "./kind-range.js";
export type { Converter } from "./converter.js";
export type { SchemaKey } from "./schema-key.js";
