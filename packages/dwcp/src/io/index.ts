export type { DwcpNode } from "./dwcp-node.js";
export type { CeilingReading } from "../session/stream-ceiling.js";
export type { DwcpNodeOptions } from "./node-options.js";
export { startDwcpNode } from "./start-node.js";
export type { DialOptions } from "./net/dial-peer.js";
export type { LinkOptions, PeerAddress } from "./net/link-options.js";
export type { CongestionControl } from "./net/tune-socket.js";
export type { LinkCondition, RepeatCounts, TrafficReading } from "./net/traffic-tally.js";
export type { RmaOptions, RmaReading } from "./rma/open-carrier.js";
export type { StreamReading } from "./net/stream-reading.js";
export type { FallbackReason, IntegrityStage, WorkReading } from "./transfer/work-tally.js";
export type { SendRequest } from "./transfer/send-request.js";
export type { SendFrom } from "./transfer/send-source.js";
export type { Spool, SpoolListener } from "./transfer/spool.js";
export type { Verification } from "./transfer/verification.js";
export type { SendResult } from "./transfer/send-job-options.js";
export type { TrainerOptions } from "./transfer/class-trainer.js";
export type { KeptStateInfo } from "./transfer/sent-states.js";
export type { PeerStates } from "./transfer/store-talk.js";
export type { ObjectStore, StoredObject } from "./store/object-store.js";
export type { FileSource } from "./store/file-source.js";
export type { Part } from "./store/part.js";
export { FileLock } from "./store/file-lock.js";

export {
  type MigrationRequest,
  type MigrationResult,
  type MigrationRound,
} from "./migration/migrate.js";
export { ImageFileSource, type ImageWriter } from "./migration/image-file-source.js";
export type { PhysicalRange } from "./migration/physical-memory.js";
export {
  type ProcessMemoryOptions,
  ProcessMemorySource,
} from "./migration/process-memory-source.js";
export { QemuSource, type QemuSourceOptions } from "./migration/qemu-source.js";
export { QemuSwitch } from "./migration/qemu-switch.js";
export { QmpMonitor, type QmpMonitorOptions } from "./migration/qmp-monitor.js";
export type { Received } from "./transfer/receive-job-context.js";

export { nodeCrc32 } from "./node-crc32.js";
export { nodeHdePlatform, nodeHdePlatformWith } from "./node-hde-platform.js";
export { type ChosenEngine, chooseEngine, selfTest } from "./zstd/choose-engine.js";
export { nativeEngine } from "./zstd/native-engine.js";
export { wasmEngine } from "./zstd/wasm-engine.js";
export { zlibEngine } from "./zstd/zlib-engine.js";
export {
  BaselineFiles,
  type BaselineNote,
  type FoundBaseline,
  type OpenedBaseline,
} from "./baseline-files.js";
export { inspectBaselines, type InspectedBaseline } from "./inspect-baselines.js";
export { type CpuReading, CpuMeter, parseCpuMax } from "./cpu-meter.js";

export { DwcpManager, type ManagerOptions } from "./manager/dwcp-manager.js";
export type { TransportInfo } from "./manager/transport-info.js";
export type { ManagerHealth, ManagerState } from "./manager/manager-state.js";
export type { ManagerSecrets } from "./manager/node-options.js";
export type { ChangeTerms, ConfigVersion } from "./manager/config-history.js";
export type { RunningMigration } from "./manager/managed-migrations.js";
export type { ManagedResult, RunningTransfer } from "./manager/managed-transfers.js";
export { type ManagementOptions, ManagementServer } from "./manager/management-server.js";
export { readConfigFile } from "./manager/config-file.js";
