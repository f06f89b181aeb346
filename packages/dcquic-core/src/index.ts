export { type DcquicCode, DcquicCodes, dcquicCodeOf, DcquicError } from "./errors.js";

export type { AeadJob, CryptoBackend, PacketAead } from "./crypto/backend.js";
export { nullCrypto } from "./crypto/null-backend.js";
export type { AeadName, Direction } from "./crypto/key-schedule.js";

export {
  ALPN,
  type EstablishedPath,
  EXPORTER_LABEL,
  Handshake,
  type HandshakeOptions,
  type Role,
} from "./path/handshake.js";
export {
  type CredentialAnswer,
  decodeHello,
  encodeHello,
  type Hello,
  type WorkerEndpoint,
} from "./path/hello.js";
export { type PathEntry, type PathSecretHooks, PathSecretMap } from "./path/secret-map.js";

export { Engine } from "./engine/engine.js";
export type { EngineOptions } from "./engine/engine-options.js";
export type { EngineStats } from "./engine/engine-stats.js";
export type {
  After,
  AnnounceOptions,
  AnnounceResult,
  TokenOutcome,
} from "./engine/announce-options.js";
export type { AnnouncedFacts } from "./transfer/announced-transfer.js";
export { DatagramBatch } from "./engine/batch.js";
export { DEFAULT_CONFIG, type EngineConfig, resolveConfig } from "./engine/config.js";
export type {
  CoreConfig,
  DcquicConfig,
  Feature,
  NicConfig,
  PollMode,
} from "./config/dcquic-config.js";
export { type ConfigProblem, configProblems, type Machine } from "./config/config-problems.js";
export { DEFAULT_DCQUIC_CONFIG, presets } from "./config/presets.js";
export {
  type ConfigChoice,
  engineConfigOf,
  nicOf,
  resolveDcquicConfig,
  workerCountOf,
} from "./config/resolve-dcquic-config.js";
export type { DistributionCounts } from "./engine/distribution.js";
export type { EngineCounters } from "./engine/counters.js";
export { EventBus, type Subscriber } from "./events/event-bus.js";
export {
  ALL_GROUPS,
  type DcquicEvent,
  EventGroup,
  type EventGroupName,
  type EventLevel,
} from "./events/event-groups.js";
export { EventRing } from "./events/event-ring.js";
export { type EventSink, tellEngineEvent } from "./events/engine-events.js";
export { TraceBook, type TraceBookOptions, type TraceBookStats } from "./trace/trace-book.js";
export type { TraceExport } from "./trace/span-batch.js";
export type {
  TraceCut,
  TraceFailure,
  TraceLink,
  TraceMoment,
  TraceSpan,
  TraceSpanKind,
} from "./trace/trace-span.js";
export {
  type OtlpAttribute,
  type OtlpEvent,
  type OtlpLink,
  type OtlpOptions,
  type OtlpSpan,
  type OtlpTraces,
  type OtlpValue,
  otlpTraces,
} from "./trace/otlp.js";
export { CallLatency } from "./metrics/call-latency.js";
export { EngineMetrics, type Measured } from "./metrics/engine-metrics.js";
export type { DriverMeasure } from "./metrics/driver-measure.js";
export { PoolMetrics } from "./metrics/pool-metrics.js";
export type { EngineLoad } from "./engine/load.js";
export type { BbrPhase } from "./cc/bbr.js";
export type { ForeignPacket } from "./engine/foreign-paths.js";
export type { EngineEvent, PathId, SecurityNote } from "./engine/events.js";
export type { TransferPhase, TransferPhaseKind } from "./engine/transfer-phase.js";
export type { AddressOwner } from "./engine/path.js";
export type { CloseOptions } from "./engine/stream-closer.js";
export type { AddPathOptions, FirstCounters } from "./engine/first-counters.js";
export type { PlacedAccept } from "./engine/puller.js";
export type { LendMemory } from "./transfer/part-memory.js";
export type { RotationLimits } from "./crypto/send-keys.js";
export { Status } from "./engine/status.js";
export { CloseScope, Pattern, Protection, Shape } from "./wire/constants.js";
export { formatId, type Id64, id64, sameId } from "./wire/id64.js";
export {
  type BulkResult,
  memoryTarget,
  type PlacementTarget,
  type PlaceOptions,
} from "./pool/placement.js";
export { type Acceptor, TransportPool, type TransportPoolOptions } from "./pool/transport-pool.js";
export type {
  BackendSink,
  HandshakeCounts,
  PoolBackend,
  Route,
  RouteStats,
  WorkerMeasure,
} from "./pool/pool-backend.js";
export type {
  CallOptions,
  Dependency,
  Payload,
  PayloadProtection,
  WriteOptions,
} from "./pool/call-options.js";
export type { NumberedDataKey, SealingKey } from "./crypto/data-keys.js";
export type { BufferHandle, HandleWatch } from "./pool/buffer-handle.js";
export type { Message } from "./pool/message.js";
export type { MessageReader } from "./pool/message-reader.js";
export type { Incoming } from "./pool/incoming.js";
export type { IncomingQueue } from "./pool/incoming-queue.js";
export type { UnaryCall } from "./pool/unary-call.js";
export type { StreamingResponseCall } from "./pool/streaming-response-call.js";
export type { StreamingRequestCall } from "./pool/streaming-request-call.js";
export type { BidirectionalCall } from "./pool/bidirectional-call.js";
export type { BulkCall, BulkProgress } from "./pool/bulk-call.js";
export type { Acceptors, StreamTaker } from "./pool/acceptors.js";
export type { PoolBuffers, PoolLayer, PoolPort } from "./pool/pool-port.js";
export type { Lane, LaneEnd } from "./share/lane.js";
export type { Broadcast } from "./pool/broadcast.js";
export type { CallParts, CallUse } from "./pool/call-use.js";
export type { PoolCore, PoolStats } from "./pool/pool-core.js";
export type { PayloadRules, PayloadSender, ReadyPayload } from "./pool/payload-sender.js";
export type { SealingSurroundings } from "./pool/record-sealer.js";
export { type TracedPath, traceparentOf } from "./pool/traceparent.js";

export type { EnginePort, PortParts } from "./stream/engine-port.js";
export { LocalPort, type LocalSurroundings } from "./stream/local-port.js";
export type { StreamNewsKind, TellStream } from "./stream/stream-news.js";
export { StreamLayer, type StreamLayerOptions } from "./stream/stream-layer.js";
export type { AcceptOptions, IncomingStream } from "./stream/incoming-stream.js";
export {
  DEFAULT_QUEUE,
  type Inbound,
  type InboundFault,
  type InboundMessage,
  type QueueLimits,
} from "./stream/inbound.js";
export type { Outbound } from "./stream/outbound.js";
export type { Offer } from "./stream/early-messages.js";
export type {
  OpenOptions,
  OutboundPayload,
  Stream,
  StreamHandlers,
  StreamHost,
  StreamOutcome,
  PlacedRecord,
  StreamPlacement,
} from "./stream/stream.js";
export type { StreamExtras } from "./stream/stream-extras.js";
export type { PatternName } from "./stream/pattern-rules.js";
export type { Submission } from "./stream/submission.js";
export type { Opener } from "./stream/openings.js";
export type { Linked } from "./sched/linked-set.js";

export { DependencyKind } from "./causality/dependency-kind.js";
export { BufferRegistry } from "./buffer/buffer-registry.js";
export type {
  BufferState,
  RegisteredBuffer,
  Sealing,
  SharedBuffer,
} from "./buffer/registered-buffer.js";
export { IntervalSet } from "./buffer/interval-set.js";
export type { RangeList } from "./wire/ranges.js";
export type { PeerState } from "./health/peer-health.js";

export {
  chooseEndpoint,
  type Reassignment,
  RequestRouter,
  type RouterDependency,
  type RouterStats,
  type RouterWorker,
} from "./router/request-router.js";
export type { NicState, NicStatus } from "./router/nic-board.js";
export { Watchdog, WATCHDOG_INTERVAL_MS, type WatchdogFinding } from "./router/watchdog.js";
export {
  type CorePlan,
  type CorePlanInput,
  planCores,
  type PlanCpu,
  type PlannedWorker,
} from "./topology/core-plan.js";
export type { PacketBatch } from "./crypto/packet-batch.js";
export {
  chooseTransport,
  RMA_PROVIDER_NUMBERS,
  type RmaOffer,
  type RmaProviderName,
  type TransportChoice,
} from "./negotiate/transport-choice.js";
export { RmaHealth } from "./negotiate/rma-health.js";
export type { RmaKey, RmaPath, RmaPort, RmaRead } from "./rma/rma-port.js";
