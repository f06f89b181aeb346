import { DwcpError } from "../errors.js";
import type { DwcpLimits } from "../limits.js";
import { decodeControlPayload, encodeControlPayload } from "./control-payload.js";
import type { Crc32 } from "./crc32.js";
import { type FrameName, frameNameOf, FrameType } from "./frame-type.js";
import type { Field } from "./json-fields.js";
import {
  type AttachedMessage,
  type AttachMessage,
  type AuthMessage,
  type AuthOkMessage,
  type CreditMessage,
  type ErrorMessage,
  type GoawayMessage,
  type HelloMessage,
  type PingMessage,
  type PongMessage,
  readAttach,
  readAttached,
  readCredit,
  readError,
  readGoaway,
  readHello,
  readPing,
  readPong,
  readProof,
  readWelcome,
  type WelcomeMessage,
} from "./session-messages.js";
import { type MemoryMessage, readMemory } from "./memory-message.js";
import {
  type BaselineIdsMessage,
  type BaselineStateMessage,
  type DictDataMessage,
  type DictOfferMessage,
  type DictStateMessage,
  readBaselineIds,
  readBaselineState,
  readDictData,
  readDictOffer,
  readDictState,
} from "./store-messages.js";
import {
  type AcceptMessage,
  type FinMessage,
  type LeavesMessage,
  type NackMessage,
  type OfferMessage,
  type OutcomeMessage,
  readAccept,
  readFin,
  readLeaves,
  readNack,
  readOffer,
  readOutcome,
  readReject,
  readRepair,
  readRound,
  readSteering,
  readSwitchover,
  type RejectMessage,
  type RepairMessage,
  type RoundMessage,
  type SteeringMessage,
  type SwitchoverMessage,
} from "./transfer-messages.js";

/** Every message that travels as JSON; `kind` is the name of its frame. spec/dwcp.md B2 */
export type ControlMessage =
  | HelloMessage
  | WelcomeMessage
  | AuthMessage
  | AuthOkMessage
  | AttachMessage
  | AttachedMessage
  | PingMessage
  | PongMessage
  | GoawayMessage
  | ErrorMessage
  | CreditMessage
  | OfferMessage
  | AcceptMessage
  | RejectMessage
  | SteeringMessage
  | NackMessage
  | FinMessage
  | OutcomeMessage
  | LeavesMessage
  | RepairMessage
  | RoundMessage
  | SwitchoverMessage
  | BaselineIdsMessage
  | BaselineStateMessage
  | DictOfferMessage
  | DictStateMessage
  | DictDataMessage
  | MemoryMessage;

type BinaryName = "CHUNK" | "CHUNK_AT" | "ACK";

// Binary frames are read elsewhere: chunk.ts, chunk-at.ts, ack.ts.
const readers: Readonly<Record<Exclude<FrameName, BinaryName>, Field<object>>> = {
  HELLO: readHello,
  WELCOME: readWelcome,
  AUTH: readProof,
  AUTH_OK: readProof,
  ATTACH: readAttach,
  ATTACHED: readAttached,
  PING: readPing,
  PONG: readPong,
  GOAWAY: readGoaway,
  ERROR: readError,
  OFFER: readOffer,
  ACCEPT: readAccept,
  REJECT: readReject,
  CANCEL: readSteering,
  PAUSE: readSteering,
  CONTINUE: readSteering,
  NACK: readNack,
  CREDIT: readCredit,
  FIN: readFin,
  VERIFIED: readOutcome,
  LEAVES: readLeaves,
  REPAIR: readRepair,
  COMMITTED: readOutcome,
  BASELINE_QUERY: readBaselineIds,
  BASELINE_STATE: readBaselineState,
  BASELINE_DROP: readBaselineIds,
  DICT_OFFER: readDictOffer,
  DICT_STATE: readDictState,
  DICT_DATA: readDictData,
  ROUND: readRound,
  SWITCHOVER: readSwitchover,
  MEMORY: readMemory,
};

/**
 * Writes the payload of the frame of type `FrameType[message.kind]`.
 *
 * @throws {@link DwcpError} `dwcp.limit` when it is longer than a control payload may be.
 * @see spec/dwcp.md B2
 */
export function encodeControlMessage(
  message: ControlMessage,
  limits: Pick<DwcpLimits, "maxControlBytes">,
  crc32: Crc32,
): Uint8Array<ArrayBuffer> {
  const { kind: _, ...body } = message;
  return encodeControlPayload(body, limits, crc32);
}

/** The type of the frame that carries `message`. */
export function frameTypeOf(message: ControlMessage): number {
  return FrameType[message.kind];
}

/**
 * Reads the payload of a control frame. Members that this version does not know are left out.
 *
 * @throws {@link DwcpError} `dwcp.protocol` for anything that is no such message, and for a type that carries none;
 *   `dwcp.limit` above a limit.
 * @see spec/dwcp.md B2
 */
export function decodeControlMessage(
  type: number,
  payload: Uint8Array,
  limits: Pick<DwcpLimits, "maxControlBytes" | "maxControlDepth">,
  crc32: Crc32,
): ControlMessage {
  const kind = frameNameOf(type);
  if (kind === undefined || kind === "CHUNK" || kind === "CHUNK_AT" || kind === "ACK") {
    throw new DwcpError("dwcp.protocol", `frame type ${type} is no control message`);
  }
  const body = readers[kind](decodeControlPayload(payload, limits, crc32), kind);
  return { kind, ...body } as ControlMessage;
}
