export { AeronCodes, type AeronCode, AeronError, DriverError } from "./errors.js";
export {
  type ChannelUri,
  formatChannel,
  parseChannel,
  parseFlag,
  parseInt32,
  parseSize,
} from "./channel-uri.js";

export { Client } from "./client/client.js";
export type { ClientSetup } from "./client/client-setup.js";
export type { LogMapper } from "./client/log-cache.js";
export { Publication } from "./client/publication.js";
export { ExclusivePublication } from "./client/exclusive-publication.js";
export { PublicationBase, type PublicationSetup } from "./client/publication-base.js";
export { OfferResult, type OfferOptions } from "./log/offer.js";
export { Claim } from "./log/claim.js";
export { FrameWriter } from "./log/frame-writer.js";
export { type ImageHandlers, Subscription, type SubscriptionSetup } from "./client/subscription.js";
export {
  type BlockHandler,
  type ControlledHandler,
  type FragmentHandler,
  Image,
  type ImageSetup,
  type PollAction,
} from "./client/image.js";
export { FragmentHeader } from "./client/fragment-header.js";
export { FragmentAssembler } from "./client/fragment-assembler.js";
export { UserCounter } from "./client/user-counter.js";
export {
  type CounterInfo,
  CountersReader,
  CounterState,
  CounterType,
} from "./counters/counters-reader.js";

export { Driver, type DriverSetup } from "./driver/driver.js";
export { DEFAULT_DRIVER_OPTIONS, type DriverOptions } from "./driver/driver-options.js";
export type { DriverFiles, LogFile } from "./driver/driver-files.js";

export { AtomicBuffer } from "./memory/atomic-buffer.js";
export { type LogBuffers } from "./log/log-buffers.js";
export {
  type CncFile,
  cncFileBytes,
  type CncLengths,
  initialiseCnc,
  publishCnc,
  readCnc,
} from "./cnc/cnc-file.js";
