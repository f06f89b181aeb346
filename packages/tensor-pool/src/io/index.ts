export {
  type DirectProducer,
  type DirectProducerOptions,
  startDirectProducer,
} from "./direct-producer.js";
export { type DirectStream, type DirectStreamOptions, startDirectStream } from "./direct-stream.js";
export type { ServedProducer } from "./served-producer.js";
export {
  type ServeConsumersOptions,
  serveConsumers,
  type ServedConsumers,
} from "./serve-consumers.js";
export {
  type JoinedConsumer,
  joinSupervisor,
  type JoinSupervisorOptions,
} from "./join-supervisor.js";
export {
  startSupervisor,
  supervisorOptions,
  type SupervisorService,
  type SupervisorServiceOptions,
} from "./supervisor-service.js";
export { DescriptorStreams } from "./descriptor-streams.js";
export type { BridgeChannels, BridgeEnd } from "./bridge-channels.js";
export { type BridgeSenderOptions, startBridgeSender } from "./bridge-sending-end.js";
export { type BridgeReceiverOptions, startBridgeReceiver } from "./bridge-receiving-end.js";
export type { MessagePlace, MessagePlaces } from "./message-places.js";
export {
  type RateLimiterService,
  type RateLimiterServiceOptions,
  startRateLimiter,
} from "./rate-limiter-service.js";
export {
  DirectConsumer,
  type DirectConsumerOptions,
  openDirectConsumer,
} from "./direct-consumer.js";
export {
  AttachedProducer,
  type AttachedProducerOptions,
  attachProducer,
} from "./attached-producer.js";
export {
  attachConsumer,
  AttachedConsumer,
  type AttachedConsumerOptions,
} from "./attached-consumer.js";
export { AttachedStream, type AttachedStreamOptions, attachStream } from "./attached-stream.js";
export {
  type AttachmentHandlers,
  type AttachmentOptions,
  StreamAttachment,
} from "./stream-attachment.js";
export { type PoolDriverOptions, type RunningPoolDriver, startPoolDriver } from "./pool-driver.js";
export type { Relays } from "./relays.js";
export {
  type DiscoveryService,
  type DiscoveryServiceOptions,
  startDiscovery,
} from "./discovery-service.js";
export { findStreams, type FindStreamsOptions } from "./find-streams.js";
export { type ConfigResult, parseConfig } from "./config/parse-config.js";
export type { Environment } from "./config/override.js";
export { DiskRegions, type DiskRegionsOptions } from "./disk-regions.js";
export {
  type LinkOffer,
  type MessageHandler,
  MessagePoller,
  offerMessage,
  openPoller,
} from "./message-poller.js";

export {
  type CreatedRegions,
  createRegions,
  epochFolder,
  mapRegions,
  type NewRegions,
} from "./region-files.js";
export { monotonicNs, writeMonotonicNs } from "./monotonic-clock.js";
