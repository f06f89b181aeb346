export {
  type DirectProducer,
  type DirectProducerOptions,
  startDirectProducer,
} from "./direct-producer.js";
export {
  DirectConsumer,
  type DirectConsumerOptions,
  openDirectConsumer,
} from "./direct-consumer.js";
export {
  type CreatedRegions,
  createRegions,
  epochFolder,
  mapRegions,
  type NewRegions,
} from "./region-files.js";
