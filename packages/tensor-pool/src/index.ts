export { TensorPoolCodes, type TensorPoolCode, TensorPoolError } from "./errors.js";

export { FrameTemplate, type FrameType } from "./producer/frame-template.js";
export {
  type FrameClaim,
  type FrameOptions,
  Producer,
  type ProducerCounters,
  type ProducerSetup,
  PublishResult,
} from "./producer/producer.js";

export { type PublishedTensor, TensorWriter } from "./producer/tensor-writer.js";

export { type DescriptorSink } from "./producer/descriptor-offer.js";
export {
  RelayProducer,
  type RelayProducerSetup,
  type RelayedFrame,
  RelayResult,
} from "./producer/relay-producer.js";

export { Consumer, type ConsumerOptions, type ConsumerSetup } from "./consumer/consumer.js";
export { Frame } from "./consumer/frame.js";
export { SlotReader } from "./consumer/slot-reader.js";
export { waitForNextFrame, type WordWaiter } from "./consumer/next-frame-wait.js";
export type { ConsumerCounters, DropReason } from "./consumer/drop-reason.js";
export type { TensorShape } from "./region/tensor-shape.js";

export {
  type AnnouncedPool,
  checkAnnounce,
  decodeAnnounce,
  encodeAnnounce,
  sameMemory,
  type StreamLayout,
} from "./announce/announce.js";
export {
  type MappingAction,
  type MappingOptions,
  StreamMapping,
  type UnmapReason,
} from "./announce/stream-mapping.js";
export { DEFAULT_CHANNEL, DiscoveryStreamIds, StreamIds } from "./stream-ids.js";

export { PoolDriver, type PoolDriverSetup } from "./driver/pool-driver.js";
export {
  type CreatePolicy,
  driverSettings,
  type DriverSettings,
  type StreamProfile,
} from "./driver/driver-settings.js";
export type {
  DriverCounters,
  DriverEvent,
  DriverState,
  LeaseReport,
  StreamReport,
} from "./driver/driver-report.js";
export { ShutdownReason } from "./messages/generated/driver.js";
export type { DriverMessage } from "./driver/outbox.js";
export type {
  KeptRegions,
  RegionRefusal,
  RegionStore,
  StoredEpoch,
} from "./driver/region-store.js";

export { LeaseClient, type LeaseState } from "./driver-client/lease-client.js";
export type { SendControl } from "./driver-client/lease-requests.js";
export type { LeaseRequest } from "./driver-client/lease-request.js";
export type { LeaseEvent, LeaseLoss } from "./driver-client/lease-event.js";
export { checkGranted, type GrantedLease } from "./driver-client/attach-check.js";

export {
  ControlAdapter,
  type ControlAdapterOptions,
  type ControlCounters,
  type ControlFault,
  type ControlOutcome,
} from "./control/control-adapter.js";
export type {
  ControlHandlers,
  ControlMessageName,
  ControlMessages,
} from "./control/control-messages.js";
export type { AttachRequest } from "./control/attach-request.js";

export {
  type DiscoveryCounters,
  DiscoveryProvider,
  type DiscoveryProviderOptions,
  type DiscoveryReply,
} from "./discovery/discovery-provider.js";
export {
  DiscoveryIndex,
  type IndexedStream,
  type StreamFilter,
  type StreamMarks,
} from "./discovery/discovery-index.js";
export {
  DiscoveryClient,
  type DiscoveryClientOptions,
  type DiscoveryEvent,
  type FoundStream,
} from "./discovery/discovery-client.js";

export type { ConfigProblem } from "./config/config-problem.js";
export type {
  BridgeMapping,
  BridgeRole,
  BridgeSection,
  RateLimiterMapping,
  RateLimiterSection,
} from "./config/relay-config.js";
export { type IdRange } from "./config/id-range.js";
export type {
  DiscoverySection,
  DriverSection,
  PolicySection,
  PoolConfig,
  PoolEntry,
  ProfileEntry,
  ShmSection,
  StreamEntry,
  SupervisorSection,
} from "./config/pool-config.js";

export { MappedPool, MappedStream, type MappedStreamSetup } from "./region/mapped-stream.js";
export type { PoolDType } from "./region/element-type.js";
export {
  choosePool,
  isSlotCount,
  isStride,
  poolBytes,
  type PoolLayout,
  ringBytes,
  slotOf,
} from "./region/layout.js";
export {
  type ExpectedRegion,
  readSuperblock,
  type Superblock,
  superblockFault,
  touchSuperblock,
  writeSuperblock,
} from "./region/superblock.js";

export {
  DEFAULT_PROGRESS_LIMITS,
  type ProgressHint,
  type ProgressLimits,
  ProgressPolicy,
  type ProgressPolicyOptions,
} from "./progress/progress-policy.js";
export {
  ProgressEmitter,
  type ProgressEmitterOptions,
  type ProgressUpdate,
} from "./progress/progress-emitter.js";
export { encodeProgress, type ProgressMessage, readProgress } from "./progress/progress-message.js";
export {
  mayReadPrefix,
  type ProgressOutcome,
  ProgressTracker,
} from "./progress/progress-tracker.js";

export {
  type ConsumerQos,
  encodeConsumerQos,
  encodeProducerQos,
  type ProducerQos,
  QosReporter,
} from "./qos/qos-reporter.js";
export { IdWatch, randomId } from "./qos/id-watch.js";

export {
  type DataSourceIdentity,
  type MetadataAttribute,
  MetadataSource,
} from "./metadata/metadata-source.js";
export { MetadataStore, type StreamMetadata } from "./metadata/metadata-store.js";
export { blobMessages, MAX_BLOB_CHUNK_BYTES, type MetaBlob } from "./metadata/blob-sender.js";
export {
  BlobAssembler,
  type BlobFault,
  type BlobLimits,
  type BlobOutcome,
} from "./metadata/blob-assembler.js";

export { StreamIdPool } from "./supervisor/stream-id-pool.js";
export { type OwnStreamRules } from "./supervisor/own-stream-request.js";
export {
  DEFAULT_SUPERVISOR_OPTIONS,
  type OwnStream,
  type SupervisedConsumer,
  Supervisor,
  type SupervisorEvent,
  type SupervisorOptions,
} from "./supervisor/supervisor.js";
export { DescriptorFanOut, type OwnSink } from "./supervisor/descriptor-fan-out.js";
export {
  ConsumerLink,
  type ConsumerLinkAction,
  type ConsumerWishes,
} from "./supervisor/consumer-link.js";

export {
  type TraceIdOptions,
  type TraceIdParts,
  traceIdParts,
  TraceIds,
} from "./trace/trace-id.js";
export {
  decodeTraceLink,
  encodeTraceLink,
  type StageTrace,
  type TraceLink,
  traceLinkFault,
  traceStage,
} from "./trace/trace-link.js";

export {
  checkSequenceMap,
  checkTimestampMap,
  type SequenceMergeMap,
  type SequenceRule,
  type TimestampMergeMap,
  type TimestampRule,
} from "./merge/merge-map.js";
export { type Readiness } from "./merge/input-liveness.js";
export { SequenceBarrier, type SequenceBarrierOptions } from "./merge/sequence-barrier.js";
export {
  type FrameTimes,
  TimestampBarrier,
  type TimestampOutcome,
} from "./merge/timestamp-barrier.js";
export { LatestValueBarrier, type LatestPick } from "./merge/latest-value-barrier.js";
export { MergeAuthority, type MergeMapAnnounce } from "./merge/merge-authority.js";

export { RateGate } from "./limit/rate-gate.js";
export { RateLimiter, type RateLimiterCounters } from "./limit/rate-limiter.js";

export { type BridgeLimits, DEFAULT_BRIDGE_LIMITS } from "./bridge/bridge-limits.js";
export { type BridgedFrame, frameChunks } from "./bridge/frame-chunks.js";
export { type ChunkFault, type ChunkOutcome, FrameAssembler } from "./bridge/frame-assembler.js";
export { type BridgeOutcome, BridgeReceiver } from "./bridge/bridge-receiver.js";
export {
  DEFAULT_FORWARDING,
  forwardedMessage,
  type ForwardingOptions,
  type ForwardTarget,
} from "./bridge/forwarded-message.js";

export { logDriverEvent } from "./log/driver-log.js";
export { Logger, type LoggerOptions, LogLevel, type LogLine, parseLogLevel } from "./log/logger.js";
export { StreamLog } from "./log/stream-log.js";
export { logSupervisorEvent } from "./log/supervisor-log.js";
export {
  CounterMirror,
  type CounterTree,
  flattenCounters,
  type MakeMirrorCounter,
  type MirrorCounter,
} from "./counters/counter-mirror.js";

export * as wire from "./messages/generated/wire.js";
export * as driver from "./messages/generated/driver.js";
export * as discovery from "./messages/generated/discovery.js";
export * as bridge from "./messages/generated/bridge.js";
export * as merge from "./messages/generated/merge.js";
export * as traceLink from "./messages/generated/trace-link.js";
