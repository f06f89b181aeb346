export { type DwcpCode, DwcpCodes, DwcpError, dwcpCodeOf } from "./errors.js";
export type { SessionSecurity } from "./session/security.js";
export type { SessionTuning } from "./session/session-options.js";
export type { StreamPhase } from "./session/stream-state.js";
export type { RepeatReason } from "./session/sending-side.js";
export type { StreamBounds } from "./rate/stream-hint.js";
export type { JournalHeader } from "./journal/journal.js";
export { type DwcpLimits, DwcpLimitTable, resolveDwcpLimits } from "./limits.js";

export { type Crc32, crc32 } from "./wire/crc32.js";
export {
  ALPN,
  decodePreface,
  encodePreface,
  PREFACE_BYTES,
  PREFACE_MAGIC,
  type PrefaceVerdict,
  PROTOCOL_MAJOR,
  PROTOCOL_MINOR,
  requirePreface,
} from "./wire/preface.js";
export { type FrameName, frameNameOf, FrameType } from "./wire/frame-type.js";
export {
  decodeFrameHeader,
  encodeFrameHeader,
  FLAG_CRITICAL,
  FRAME_HEADER_BYTES,
  type FrameHeader,
  MAX_FRAME_BYTES,
} from "./wire/frame-header.js";
export {
  type ChunkOwnership,
  encodeFrame,
  type Frame,
  FrameReader,
  type PayloadMemory,
} from "./wire/frame-reader.js";
export {
  Codec,
  type CodecName,
  codecNameOf,
  type CodecNumber,
  FLAG_PACKED_LISTS,
  isCodec,
  SLOT_NONE,
  SLOT_SELF,
} from "./wire/codec.js";
export {
  type ArrivedChunk,
  type ArrivedUnit,
  type Chunk,
  CHUNK_HEADER_BYTES,
  decodeChunk,
  encodeChunk,
  type UnitBody,
} from "./wire/chunk.js";
export {
  type Ack,
  AckKind,
  type AckKindNumber,
  decodeAck,
  encodeAck,
  MAX_ACK_RUNS,
  type UnitRun,
} from "./wire/ack.js";
export {
  type ControlMessage,
  decodeControlMessage,
  encodeControlMessage,
  frameTypeOf,
} from "./wire/control-message.js";
export type { ErrorScope } from "./wire/error-scope.js";
export {
  type AttachedMessage,
  type AttachMessage,
  type AuthMessage,
  type AuthMode,
  type AuthOkMessage,
  type Capabilities,
  type CreditMessage,
  type ErrorMessage,
  type GoawayMessage,
  type HelloMessage,
  type PingMessage,
  type PongMessage,
  type ProviderName,
  RANDOM_BYTES,
  SESSION_ID_BYTES,
  type WelcomeMessage,
} from "./wire/session-messages.js";
export {
  type AcceptMessage,
  CONTENT_ID_BYTES,
  type FinMessage,
  type IntervalPair,
  type LeavesMessage,
  MAX_INTERVALS,
  MAX_SLOTS,
  type NackMessage,
  type NackReason,
  type OfferedBaseline,
  type OfferMessage,
  type OutcomeMessage,
  type RejectMessage,
  type RepairMessage,
  type RoundMessage,
  type SteeringMessage,
  type SwitchoverMessage,
  TRANSFER_ID_BYTES,
  type TransferKind,
} from "./wire/transfer-messages.js";
export {
  type BaselineIdsMessage,
  type BaselineStateMessage,
  DICT_DATA_BYTES,
  type DictDataMessage,
  type DictOfferMessage,
  type DictStateMessage,
  MAX_DICTIONARY_BYTES,
  MAX_IDS,
} from "./wire/store-messages.js";
export type { MemoryMessage } from "./wire/memory-message.js";

export type { BrotliEngine } from "./brotli/brotli-engine.js";
export type { SearchName, ZstdEngine, ZstdSettings } from "./zstd/zstd-engine.js";
export { decodeZstdHeader, decompressFrame, type ZstdFrameHeader } from "./zstd/frame-check.js";
export type { HdePlatform } from "./hde/hde-platform.js";
export { type ByteSource, memorySource } from "./hde/byte-source.js";
export { type ByteRange } from "./hde/ranges.js";
export {
  type AnchoredPart,
  type AnchorEngine,
  MAX_SIMILAR_PAGES,
  type PageQuery,
} from "./hde/anchor-engine.js";
export { AnchorScan } from "./hde/anchor-scan.js";
export { type CopyOp } from "./hde/copy-ops.js";
export { portableAnchors } from "./hde/portable-anchors.js";
export { AnchorIndex, anchorSlots, indexOf } from "./hde/anchor-index.js";
export type { Reference } from "./hde/reference.js";
export { OwnData } from "./hde/own-data.js";
export { OwnWorth } from "./hde/own-worth.js";
export { type DeltaAlgorithm, deltaAlgorithms } from "./hde/delta-algorithm.js";
export type { UnitSettings } from "./hde/encode-unit.js";
export { ObjectEncoder, type ObjectSettings } from "./hde/object-encoder.js";
export { type DecodeContext, type DecodeMemory, decodeMemory } from "./hde/decode-context.js";
export { decodeUnit } from "./hde/decode-unit.js";
export { WorkMemory } from "./hde/work-memory.js";
export {
  decodeState,
  decodeStateHeader,
  encodeState,
  STATE_HEADER_BYTES,
  type StateHeader,
  type StateOptions,
  type StateStore,
} from "./hde/state-container.js";
export { contentIdOf, DIGEST_BYTES, LEAF_BYTES, leafDigests, rootOf } from "./hde/content-id.js";

export {
  type BaselineLimits,
  BaselineLimitTable,
  resolveBaselineLimits,
} from "./baseline/baseline-limits.js";
export {
  type Baseline,
  type BaselinePin,
  BaselineStore,
  type NewBaseline,
} from "./baseline/baseline-store.js";
export { restoreChain, type StoredStates } from "./baseline/restore-chain.js";

export {
  type Dictionary,
  MIN_HELD_OUT_GAIN,
  SEGMENT_BYTES,
  trainDictionary,
  type TrainingResult,
} from "./dictionary/train-dictionary.js";
export { MAX_SAMPLE_BYTES, SampleReservoir } from "./dictionary/sample-reservoir.js";
export {
  DICTIONARIES_PER_CLASS,
  DictionaryBook,
  type DictionaryInfo,
} from "./dictionary/dictionary-book.js";
export {
  type LevelConditions,
  LevelController,
  type LevelMeasure,
  MAX_LEVEL,
} from "./hde/level-controller.js";
export type { Gain, GainKey } from "./hde/gain-book.js";

export type { MigrationSource } from "./migration/migration-source.js";
export {
  type MigrationGoal,
  RoundController,
  type RoundDecision,
  type RoundMeasure,
  type StuckPolicy,
} from "./migration/round-controller.js";
export type { RoundInfo } from "./migration/round-offer.js";
export { DutyCycle, type RunSwitch } from "./migration/duty-cycle.js";
export { isOwnMemory, parseMappings, type ProcessMapping } from "./migration/process-mapping.js";
export { decodeQmpMessage, type QmpMessage } from "./migration/qmp-message.js";
export { QmpReader } from "./migration/qmp-reader.js";

export type { ConfigKey, ConfigValueOf, KeyBase } from "./config/config-key.js";
export { type ConfigPath, type DwcpConfig, DwcpConfigTable } from "./config/config-table.js";
export { compressionKeys } from "./config/compression-keys.js";
export { nodeKeys } from "./config/node-keys.js";
export { transportKeys } from "./config/transport-keys.js";
export {
  type ConfigChange,
  configFromEnvironment,
  configPaths,
  type ConfigProblem,
  diffConfig,
  environmentNameOf,
  mergeNested,
  nestConfig,
  readConfig,
  type ReadConfig,
  requireConfig,
} from "./config/read-config.js";

export { type AlertSpec, DwcpAlerts } from "./metrics/alerts.js";
export { grafanaDashboard, metricsIn, prometheusAlerts } from "./metrics/dashboard.js";
export { DwcpPanels, type PanelSpec } from "./metrics/panels.js";
export { DwcpMetricTable, type MetricName, type MetricSpec } from "./metrics/metric-table.js";
export { systemMetrics } from "./metrics/system-metrics.js";
export { streamMetrics } from "./metrics/stream-metrics.js";
export { encodingMetrics } from "./metrics/encoding-metrics.js";
export { type Labels, MetricsBook } from "./metrics/metrics-book.js";
