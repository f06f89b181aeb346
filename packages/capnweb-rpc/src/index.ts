// oxlint-disable-next-line import/no-unassigned-import -- first: what follows is made with what this supplies
import "./supply-globals.js";
export { RpcTarget } from "./rpc-target.js";
export { deserialize, serialize } from "./serialize.js";
export {
  DEFAULT_LIMITS,
  DEFAULT_MAX_DEPTH,
  DEFAULT_SESSION_LIMITS,
  type RpcLimits,
} from "./limits.js";
export type { EncodingLevel } from "./wire/encoding-level.js";
export { RpcPromise, RpcStub } from "./rpc-stub.js";
export type {
  RpcArgument,
  RpcArrived,
  RpcByReference,
  RpcCallable,
  RpcCompatible,
  RpcElements,
  RpcForeignPromise,
  RpcFunction,
  RpcGiven,
  RpcMapInput,
  RpcMapped,
  RpcMapper,
  RpcMapResult,
  RpcMapValue,
  RpcMember,
  RpcMembers,
  RpcMethod,
  RpcOpaque,
  RpcPart,
  RpcParts,
  RpcResult,
  RpcScalar,
  RpcStandsFor,
  RpcStubMembers,
  RpcStubOrigins,
  RpcUnwrapped,
  RpcUnwrappedStub,
} from "./types.js";
export type { DroppedReference, DropPolicy } from "./core/drop-watch.js";
export { RpcSession, type RpcSessionOptions, type RpcSessionStats } from "./session/rpc-session.js";
export type { OnSendError } from "./session/error-policy.js";
export { hideErrors, type HideErrorsOptions } from "./session/hide-errors.js";
export type { ErrorClass } from "./wire/error-value.js";
export type {
  AnyRpcTransport,
  RpcTransport,
  RpcTransportWithCustomEncoding,
} from "./session/transport.js";
export {
  WebSocketTransport,
  type WebSocketTransportOptions,
} from "./transports/web-socket-transport.js";
export {
  newWebSocketRpcSession,
  type WebSocketSessionOptions,
} from "./transports/web-socket-session.js";
export type { WebSocketConstructor, WebSocketLike } from "./transports/web-socket-like.js";
export {
  newWorkersRpcResponse,
  newWorkersWebSocketRpcResponse,
} from "./transports/workers-response.js";
export { type HttpBatchOptions, newHttpBatchRpcSession } from "./transports/http-batch-client.js";
export {
  newHttpBatchRpcResponse,
  type NodeBatchRequest,
  type NodeBatchResponse,
  type NodeHeaders,
  nodeHttpBatchRpcResponse,
  type NodeHttpBatchOptions,
} from "./transports/http-batch-server.js";
export type { EmittingBody } from "./transports/read-body.js";
export type { HttpBatchLimits, HttpBatchServerOptions } from "./transports/batch-limits.js";
export {
  type MessagePortLike,
  newMessagePortRpcSession,
} from "./transports/message-port-session.js";
export type { ByteStreamPair } from "./web-transport/byte-stream-transport.js";
export type { MessageFraming } from "./web-transport/message-framing.js";
export type {
  CertificateHash,
  WebTransportClose,
  WebTransportConnectOptions,
  WebTransportConstructor,
  WebTransportEnd,
  WebTransportLike,
} from "./web-transport/web-transport-like.js";
export { type WebTransportPair, webTransportPair } from "./web-transport/web-transport-pair.js";
export {
  acceptWebTransportRpcSession,
  type ByteStreamSessionOptions,
  newByteStreamRpcSession,
  newWebTransportRpcSession,
  type WebTransportSessionOptions,
} from "./web-transport/web-transport-session.js";
export { type CapnwebCode, CapnwebCodes, CapnwebError } from "./errors.js";
export { checked } from "./validate/checked.js";
export type { Issue } from "./validate/describe-issues.js";
export type { SchemaIssue, SchemaResult, StandardSchema } from "./validate/standard-schema.js";
export {
  type Contract,
  type MethodContract,
  type Refusal,
  validated,
  type ValidatedOptions,
} from "./validate/validated.js";
export type { Collected } from "./pipeline/collect-shape.js";
export { pipeline, Pipeline, type PipelineSource } from "./pipeline/pipeline.js";
export type { BackoffOptions } from "./connect/backoff.js";
export { Connection, type ConnectionOptions } from "./connect/connection.js";
export {
  type ConnectionCommand,
  ConnectionEngine,
  type ConnectionRules,
  type ConnectionState,
} from "./connect/connection-engine.js";
export { ConnectionPool, type ConnectionPoolOptions } from "./connect/connection-pool.js";
export type { OutagePolicy } from "./connect/durable-capability.js";
export type { HealthOptions } from "./connect/health.js";
export type { Connector, Link, LinkRequest } from "./connect/link.js";
export { SessionGroup, type SessionGroupOptions } from "./connect/session-group.js";
export { type OpenTransport, transportConnector } from "./connect/transport-connector.js";
export {
  webSocketConnector,
  type WebSocketConnectorOptions,
  webSocketLink,
} from "./connect/web-socket-connector.js";
export { type DeadlineOptions, withDeadline } from "./connect/with-deadline.js";
export type { PulledResult, SessionHooks, SessionTap } from "./session/session-hooks.js";
export { retryIdempotent } from "./connect/retry-idempotent.js";
export { MemoryResumeStore } from "./resume/memory-resume-store.js";
export {
  ResumableSession,
  type ResumedObjects,
  type ResumeService,
} from "./resume/resumable-session.js";
export type { Restored, ResumeGrant, ResumeTokenInfo } from "./resume/resume-grant.js";
export {
  type RestoreContext,
  type Restorer,
  ResumeManager,
  type ResumeOptions,
} from "./resume/resume-manager.js";
export type { ResumeEntry, ResumeRecord, ResumeStore } from "./resume/resume-record.js";
export { ResumingConnection, type ResumingOptions } from "./resume/resuming-connection.js";
export { buildPlan, type PlanInputs, requestPlan, type TypedPlan } from "./plan/build-plan.js";
export {
  attempt,
  bind,
  both,
  either,
  type ElementOf,
  Expr,
  expr,
  finish,
  type KnownOf,
  not,
  type Operand,
  type OperandsOf,
  repeat,
  type ResultOf,
  sequence,
  Variable,
  when,
  type Wide,
} from "./plan/expr.js";
export type {
  Arithmetic,
  Comparison,
  Plan,
  PlanLiteral,
  PlanNode,
  PlanOp,
  PlanPath,
} from "./plan/plan.js";
export { PLAN_LIMITS, type PlanLimits } from "./plan/plan-budget.js";
export { PlanRun, PlanRunner } from "./plan/plan-runner.js";
export { type PlanOptions, runPlan } from "./plan/run-plan.js";
export type { CallInfo, CallOutcome } from "./observe/call-info.js";
export {
  healthReport,
  type HealthReport,
  healthResponse,
  type Readiness,
} from "./observe/health-report.js";
export { type ObservedSession, Observer, type ObserverOptions } from "./observe/observer.js";
export {
  childTrace,
  formatTraceparent,
  parseTraceparent,
  type TraceContext,
} from "./observe/trace-context.js";
export {
  chooseProtocol,
  EXTENDED_PROTOCOL,
  EXTENSIONS_HEADER,
  OFFERED_PROTOCOLS,
  PLAIN_PROTOCOL,
} from "./extensions/protocol-names.js";
export { startWebSocketSession, type StartSessionOptions } from "./extensions/start-session.js";
export { oneWay, type OneWayCalls } from "./extensions/one-way.js";
export { type StreamCalls, streamCalls } from "./extensions/stream-calls.js";
export { webTransportConnector } from "./connect/web-transport-connector.js";
