import { ByteWriter } from "@proj/wire-types";
import { align, type AtomicBuffer } from "../memory/atomic-buffer.js";
import { lengthAndText, RecordBody } from "./record-body.js";

/** What a driver tells its clients. spec/aeron.md §5 */
const ResponseType = {
  error: 0xf01,
  availableImage: 0xf02,
  publicationReady: 0xf03,
  operationSuccess: 0xf04,
  unavailableImage: 0xf05,
  exclusivePublicationReady: 0xf06,
  subscriptionReady: 0xf07,
  counterReady: 0xf08,
  unavailableCounter: 0xf09,
  clientTimeout: 0xf0a,
} as const;

/** An image can be read no more. */
export interface UnavailableImage {
  readonly kind: "unavailableImage";
  /** The command that added the publication. */
  readonly correlationId: bigint;
  /** The command that added the subscription. */
  readonly subscriptionId: bigint;
  readonly streamId: number;
  readonly channel: string;
}

/** The log of a publication is mapped and ready. */
export interface PublicationReady {
  readonly kind: "publicationReady";
  readonly exclusive: boolean;
  readonly correlationId: bigint;
  /** Whose log it is: another registration's where the publication existed. */
  readonly registrationId: bigint;
  readonly sessionId: number;
  readonly streamId: number;
  readonly limitCounterId: number;
  /** -1 where the channel has none. */
  readonly channelStatusCounterId: number;
  readonly logFile: string;
}

/** A publication is there to be read. */
export interface AvailableImage {
  readonly kind: "availableImage";
  readonly correlationId: bigint;
  readonly sessionId: number;
  readonly streamId: number;
  readonly subscriptionId: bigint;
  readonly positionCounterId: number;
  readonly logFile: string;
  readonly sourceIdentity: string;
}

/** Something a driver told. */
export type Response =
  | {
      readonly kind: "error";
      readonly correlationId: bigint;
      readonly code: number;
      readonly message: string;
    }
  | PublicationReady
  | AvailableImage
  | { readonly kind: "operationSuccess"; readonly correlationId: bigint }
  | UnavailableImage
  | {
      readonly kind: "subscriptionReady";
      readonly correlationId: bigint;
      readonly channelStatusCounterId: number;
    }
  | {
      readonly kind: "counterReady" | "unavailableCounter";
      readonly correlationId: bigint;
      readonly counterId: number;
    }
  | { readonly kind: "clientTimeout"; readonly clientId: bigint };

/** Returns the type and the record of a response. */
export function encodeResponse(response: Response): { type: number; record: Uint8Array } {
  switch (response.kind) {
    case "error":
      return record(
        ResponseType.error,
        writer(response.correlationId)
          .i32(response.code)
          .bytes(lengthAndText(ascii(response.message))),
      );
    case "publicationReady":
      return record(
        response.exclusive ? ResponseType.exclusivePublicationReady : ResponseType.publicationReady,
        writer(response.correlationId)
          .i64(response.registrationId)
          .i32(response.sessionId)
          .i32(response.streamId)
          .i32(response.limitCounterId)
          .i32(response.channelStatusCounterId)
          .bytes(lengthAndText(response.logFile)),
      );
    case "availableImage":
      return record(ResponseType.availableImage, availableImage(response));
    case "operationSuccess":
      return record(ResponseType.operationSuccess, writer(response.correlationId));
    case "unavailableImage":
      return record(
        ResponseType.unavailableImage,
        writer(response.correlationId)
          .i64(response.subscriptionId)
          .i32(response.streamId)
          .bytes(lengthAndText(response.channel)),
      );
    case "subscriptionReady":
      return record(
        ResponseType.subscriptionReady,
        writer(response.correlationId).i32(response.channelStatusCounterId),
      );
    case "counterReady":
    case "unavailableCounter":
      return record(
        ResponseType[response.kind],
        writer(response.correlationId).i32(response.counterId),
      );
    case "clientTimeout":
      return record(ResponseType.clientTimeout, writer(response.clientId));
  }
}

/**
 * Reads a response; `undefined` for a type that a client need not know.
 *
 * @throws {@link AeronError} `aeron.malformed_command`
 */
export function readResponse(
  type: number,
  buffer: AtomicBuffer,
  offset: number,
  length: number,
): Response | undefined {
  const body = new RecordBody(buffer, offset, length);
  switch (type) {
    case ResponseType.error:
      return {
        kind: "error",
        correlationId: body.i64(0),
        code: body.i32(8),
        message: body.text(12),
      };
    case ResponseType.availableImage:
      return readAvailableImage(body);
    case ResponseType.publicationReady:
    case ResponseType.exclusivePublicationReady:
      return readPublicationReady(body, type === ResponseType.exclusivePublicationReady);
    case ResponseType.operationSuccess:
      return { kind: "operationSuccess", correlationId: body.i64(0) };
    case ResponseType.unavailableImage:
      return {
        kind: "unavailableImage",
        correlationId: body.i64(0),
        subscriptionId: body.i64(8),
        streamId: body.i32(16),
        channel: body.text(20),
      };
    case ResponseType.subscriptionReady:
      return {
        kind: "subscriptionReady",
        correlationId: body.i64(0),
        channelStatusCounterId: body.i32(8),
      };
    case ResponseType.counterReady:
      return { kind: "counterReady", correlationId: body.i64(0), counterId: body.i32(8) };
    case ResponseType.unavailableCounter:
      return { kind: "unavailableCounter", correlationId: body.i64(0), counterId: body.i32(8) };
    case ResponseType.clientTimeout:
      return { kind: "clientTimeout", clientId: body.i64(0) };
    default:
      return undefined;
  }
}

function readPublicationReady(body: RecordBody, exclusive: boolean): PublicationReady {
  return {
    kind: "publicationReady",
    exclusive,
    correlationId: body.i64(0),
    registrationId: body.i64(8),
    sessionId: body.i32(16),
    streamId: body.i32(20),
    limitCounterId: body.i32(24),
    channelStatusCounterId: body.i32(28),
    logFile: body.text(32),
  };
}

function readAvailableImage(body: RecordBody): AvailableImage {
  const logFile = body.text(28);
  return {
    kind: "availableImage",
    correlationId: body.i64(0),
    sessionId: body.i32(8),
    streamId: body.i32(12),
    subscriptionId: body.i64(16),
    positionCounterId: body.i32(24),
    logFile,
    sourceIdentity: body.text(align(32 + logFile.length, 4)),
  };
}

function availableImage(response: AvailableImage): ByteWriter {
  return writer(response.correlationId)
    .i32(response.sessionId)
    .i32(response.streamId)
    .i64(response.subscriptionId)
    .i32(response.positionCounterId)
    .bytes(lengthAndText(response.logFile))
    .align(4)
    .bytes(lengthAndText(response.sourceIdentity));
}

function writer(first: bigint): ByteWriter {
  return new ByteWriter().i64(first);
}

function record(type: number, body: ByteWriter): { type: number; record: Uint8Array } {
  return { type, record: body.copy() };
}

// An error's text may quote what a client sent.
function ascii(text: string): string {
  return text.replaceAll(/[^\u0020-\u007e]/g, "?").slice(0, 1_024);
}
