import type { MessageDecoder } from "@proj/sbe";
import type {
  ShmAttachResponse,
  ShmDetachRequest,
  ShmDetachResponse,
  ShmDriverShutdown,
  ShmDriverShutdownRequest,
  ShmLeaseKeepalive,
  ShmLeaseRevoked,
} from "../messages/generated/driver.js";
import * as driver from "../messages/generated/driver.js";
import type {
  ConsumerConfig,
  ConsumerHello,
  ControlResponse,
  DataSourceAnnounce,
  DataSourceMeta,
  FrameProgress,
  QosConsumer,
  QosProducer,
  ShmPoolAnnounce,
} from "../messages/generated/wire.js";
import * as wire from "../messages/generated/wire.js";
import { type AttachRequest, readAttachRequest } from "./attach-request.js";

/** The messages of the control, announce, QoS, metadata and discovery streams, by name. spec/tensor-pool.md §13 */
export interface ControlMessages {
  /** Where the regions of a stream lie. */
  readonly shmPoolAnnounce: ShmPoolAnnounce;
  /** A consumer says that it is there, and what it wants. */
  readonly consumerHello: ConsumerHello;
  /** What a consumer gets. */
  readonly consumerConfig: ConsumerConfig;
  /** How a consumer fares. */
  readonly qosConsumer: QosConsumer;
  /** How a producer fares. */
  readonly qosProducer: QosProducer;
  /** What a stream is called. */
  readonly dataSourceAnnounce: DataSourceAnnounce;
  /** What its frames mean. */
  readonly dataSourceMeta: DataSourceMeta;
  /** How a request ended that has no answer of its own. */
  readonly controlResponse: ControlResponse;
  /** How much of a frame is written. */
  readonly frameProgress: FrameProgress;
  /** A lease is asked for; its enumerations are not checked, since a driver answers what it does not know. */
  readonly shmAttachRequest: AttachRequest;
  /** The lease, or why there is none. */
  readonly shmAttachResponse: ShmAttachResponse;
  /** A lease is given back. */
  readonly shmDetachRequest: ShmDetachRequest;
  /** Whether it was. */
  readonly shmDetachResponse: ShmDetachResponse;
  /** A client is alive. */
  readonly shmLeaseKeepalive: ShmLeaseKeepalive;
  /** A driver has stopped. */
  readonly shmDriverShutdown: ShmDriverShutdown;
  /** A lease is no more. */
  readonly shmLeaseRevoked: ShmLeaseRevoked;
  /** A driver is asked to stop. */
  readonly shmDriverShutdownRequest: ShmDriverShutdownRequest;
}

/** The name of one of {@link ControlMessages}. */
export type ControlMessageName = keyof ControlMessages;

/** What is called for each message; what has no handler is skipped without being read. */
export type ControlHandlers = {
  readonly [Name in ControlMessageName]?: (message: ControlMessages[Name]) => void;
};

/** Reads one kind of message, and calls its handler afterwards: what a handler throws is not the message's fault. */
export interface ControlReader {
  /** The kind. */
  readonly name: ControlMessageName;
  /**
   * Reads the message at `offset`, its header counted.
   *
   * @returns What calls the handler.
   * @throws SbeError
   */
  read(handlers: ControlHandlers, view: DataView, offset: number, end: number): () => void;
}

function reader<Name extends ControlMessageName, Decoder extends MessageDecoder>(
  name: Name,
  decoder: Decoder,
  copy: (from: Decoder) => ControlMessages[Name],
): ControlReader {
  return {
    name,
    read(handlers, view, offset, end) {
      const message = copy(decoder.wrap(view, offset, end));
      const handler: ((value: ControlMessages[Name]) => void) | undefined = handlers[name];
      return () => handler?.(message);
    },
  };
}

/** Returns the readers by schema and template; each set has flyweights of its own. */
export function controlReaders(): ReadonlyMap<number, ControlReader> {
  const { TemplateId: Wire, SCHEMA_ID: ofWire } = wire;
  const { TemplateId: Driver, SCHEMA_ID: ofDriver } = driver;
  return new Map<number, ControlReader>([
    [
      key(ofWire, Wire.ShmPoolAnnounce),
      reader("shmPoolAnnounce", new wire.ShmPoolAnnounceDecoder(), wire.readShmPoolAnnounce),
    ],
    [
      key(ofWire, Wire.ConsumerHello),
      reader("consumerHello", new wire.ConsumerHelloDecoder(), wire.readConsumerHello),
    ],
    [
      key(ofWire, Wire.ConsumerConfig),
      reader("consumerConfig", new wire.ConsumerConfigDecoder(), wire.readConsumerConfig),
    ],
    [
      key(ofWire, Wire.QosConsumer),
      reader("qosConsumer", new wire.QosConsumerDecoder(), wire.readQosConsumer),
    ],
    [
      key(ofWire, Wire.QosProducer),
      reader("qosProducer", new wire.QosProducerDecoder(), wire.readQosProducer),
    ],
    [
      key(ofWire, Wire.DataSourceAnnounce),
      reader(
        "dataSourceAnnounce",
        new wire.DataSourceAnnounceDecoder(),
        wire.readDataSourceAnnounce,
      ),
    ],
    [
      key(ofWire, Wire.DataSourceMeta),
      reader("dataSourceMeta", new wire.DataSourceMetaDecoder(), wire.readDataSourceMeta),
    ],
    [
      key(ofWire, Wire.ControlResponse),
      reader("controlResponse", new wire.ControlResponseDecoder(), wire.readControlResponse),
    ],
    [
      key(ofWire, Wire.FrameProgress),
      reader("frameProgress", new wire.FrameProgressDecoder(), wire.readFrameProgress),
    ],
    [
      key(ofDriver, Driver.ShmAttachRequest),
      reader("shmAttachRequest", new driver.ShmAttachRequestDecoder(), readAttachRequest),
    ],
    [
      key(ofDriver, Driver.ShmAttachResponse),
      reader(
        "shmAttachResponse",
        new driver.ShmAttachResponseDecoder(),
        driver.readShmAttachResponse,
      ),
    ],
    [
      key(ofDriver, Driver.ShmDetachRequest),
      reader("shmDetachRequest", new driver.ShmDetachRequestDecoder(), driver.readShmDetachRequest),
    ],
    [
      key(ofDriver, Driver.ShmDetachResponse),
      reader(
        "shmDetachResponse",
        new driver.ShmDetachResponseDecoder(),
        driver.readShmDetachResponse,
      ),
    ],
    [
      key(ofDriver, Driver.ShmLeaseKeepalive),
      reader(
        "shmLeaseKeepalive",
        new driver.ShmLeaseKeepaliveDecoder(),
        driver.readShmLeaseKeepalive,
      ),
    ],
    [
      key(ofDriver, Driver.ShmDriverShutdown),
      reader(
        "shmDriverShutdown",
        new driver.ShmDriverShutdownDecoder(),
        driver.readShmDriverShutdown,
      ),
    ],
    [
      key(ofDriver, Driver.ShmLeaseRevoked),
      reader("shmLeaseRevoked", new driver.ShmLeaseRevokedDecoder(), driver.readShmLeaseRevoked),
    ],
    [
      key(ofDriver, Driver.ShmDriverShutdownRequest),
      reader(
        "shmDriverShutdownRequest",
        new driver.ShmDriverShutdownRequestDecoder(),
        driver.readShmDriverShutdownRequest,
      ),
    ],
  ]);
}

/** Returns the number under which {@link controlReaders} keeps a template of a schema. */
export function controlKey(schemaId: number, templateId: number): number {
  return key(schemaId, templateId);
}

function key(schemaId: number, templateId: number): number {
  return schemaId * 0x1_0000 + templateId;
}
