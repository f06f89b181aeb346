import {
  type Field,
  hex,
  integer,
  list,
  object,
  oneOf,
  optional,
  text,
  texts,
  u16,
  u32,
  u53,
} from "./json-fields.js";

/** Bytes of a transfer's id. spec/dwcp.md B4 */
export const TRANSFER_ID_BYTES = 16;
/** Bytes of a content id. spec/dwcp.md B8 */
export const CONTENT_ID_BYTES = 32;
/** The most baselines, and dictionaries, of one OFFER. spec/dwcp.md B4 */
export const MAX_SLOTS = 64;
/** The most intervals of one ACCEPT. spec/dwcp.md B4 */
export const MAX_INTERVALS = 4_096;

const MAX_METADATA = 64;
const MAX_LEAVES = 1_024;

/** Why a unit was refused. spec/dwcp.md B6 */
export type NackReason =
  | "CRC"
  | "DECODE"
  | "BASELINE_MISSING"
  | "BASELINE_MISMATCH"
  | "DICT_MISSING"
  | "NO_SPACE"
  | "DEPENDENCY"
  | "RANGE";

/** What kind of object is moved. spec/dwcp.md B4 */
export type TransferKind = "blob" | "memory" | "live";

/** A baseline that the sender has. spec/dwcp.md B4 */
export interface OfferedBaseline {
  /** By which units name it. */
  readonly slot: number;
  /** Its content id, in hexadecimal. */
  readonly id: string;
  /** In bytes. */
  readonly length: number;
}

/** OFFER. spec/dwcp.md B4 */
export interface OfferMessage {
  /** Tells the messages apart. */
  readonly kind: "OFFER";
  /** Kept for all retries. */
  readonly transferId: string;
  /** What the object is called. */
  readonly objectKey: string;
  /** Rises with every state of the object. */
  readonly generation: number;
  /** −1 while it is not known; then FIN states it. */
  readonly rawLength: number;
  /** Bytes of a page. */
  readonly pageBytes: number;
  /** Bytes of a leaf. */
  readonly leafBytes: number;
  /** By which leaves and root are made. */
  readonly hash: "sha-256";
  /** The content id of the object, where it is known. */
  readonly rootHash?: string | undefined;
  /** States that the receiver may have, the best first. */
  readonly baselines: readonly OfferedBaseline[];
  /** Dictionaries that the receiver may have. */
  readonly dictionaries: readonly { readonly slot: number; readonly id: string }[];
  /** What is sent. */
  readonly transferKind: TransferKind;
  /** Its share against other transfers. */
  readonly priority: number;
  /** How long from now the transfer may take, where it may not take forever. */
  readonly deadlineMs?: number | undefined;
  /** Names and texts for the receiver. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** An extent of the object: `[start, length]`. spec/dwcp.md B4 */
export type IntervalPair = readonly [start: number, length: number];

/** ACCEPT. spec/dwcp.md B4 */
export interface AcceptMessage {
  /** Tells the messages apart. */
  readonly kind: "ACCEPT";
  /** 16 bytes, in hexadecimal: the same for every attempt. */
  readonly transferId: string;
  /** What the receiver calls the transfer in frames. */
  readonly handle: number;
  /** Slots that the receiver has and has verified. */
  readonly baselineSlots: readonly number[];
  /** Those of the offer that are there and checked. */
  readonly dictionarySlots: readonly number[];
  /** What it already holds durably, the largest of it. */
  readonly intervals: readonly IntervalPair[];
  /** Encoded bytes of the session that may have been sent in all. */
  readonly creditLimit: number;
}

/** REJECT. spec/dwcp.md B4 */
export interface RejectMessage {
  /** Tells the messages apart. */
  readonly kind: "REJECT";
  /** 16 bytes, in hexadecimal: the same for every attempt. */
  readonly transferId: string;
  /** A number of spec/dwcp.md B9. */
  readonly code: number;
  /** For people. */
  readonly text: string;
}

/** CANCEL, PAUSE and CONTINUE; the handle is the frame's. spec/dwcp.md B2 */
export interface SteeringMessage {
  /** Tells the messages apart. */
  readonly kind: "CANCEL" | "PAUSE" | "CONTINUE";
  /** Why. */
  readonly reason: string;
}

/** NACK. spec/dwcp.md B6 */
export interface NackMessage {
  /** Tells the messages apart. */
  readonly kind: "NACK";
  /** Which unit. */
  readonly unitId: number;
  /** Why. */
  readonly reason: NackReason;
}

/** FIN. spec/dwcp.md B8 */
export interface FinMessage {
  /** Tells the messages apart. */
  readonly kind: "FIN";
  /** The content id, in hexadecimal. */
  readonly rootHash: string;
  /** Bytes of the object. */
  readonly rawLength: number;
}

/** VERIFIED and COMMITTED. spec/dwcp.md B8 */
export interface OutcomeMessage {
  /** Tells the messages apart. */
  readonly kind: "VERIFIED" | "COMMITTED";
  /** 16 bytes, in hexadecimal: the same for every attempt. */
  readonly transferId: string;
  /** The content id, in hexadecimal. */
  readonly rootHash: string;
}

/** LEAVES: asks for digests (without `digests`) or answers. spec/dwcp.md B8 */
export interface LeavesMessage {
  /** Tells the messages apart. */
  readonly kind: "LEAVES";
  /** Number of the first leaf. */
  readonly first: number;
  /** How many leaves. */
  readonly count: number;
  /** One per leaf, in hexadecimal. */
  readonly digests?: readonly string[] | undefined;
}

/** REPAIR: leaves that have to come again. spec/dwcp.md B8 */
export interface RepairMessage {
  /** Tells the messages apart. */
  readonly kind: "REPAIR";
  /** Numbers of leaves, from 0. */
  readonly leaves: readonly number[];
}

/** ROUND: a round of a live migration begins. spec/dwcp.md B15 */
export interface RoundMessage {
  /** Tells the messages apart. */
  readonly kind: "ROUND";
  /** 16 bytes, in hexadecimal: the same for every attempt. */
  readonly transferId: string;
  /** 0 for the first one. */
  readonly round: number;
  /** Raw bytes that the round brings. */
  readonly dirtyBytes: number;
}

/** SWITCHOVER: the target takes over. spec/dwcp.md B15 */
export interface SwitchoverMessage {
  /** Tells the messages apart. */
  readonly kind: "SWITCHOVER";
  /** 16 bytes, in hexadecimal: the same for every attempt. */
  readonly transferId: string;
  /** 0 for the first one. */
  readonly round: number;
}

type Body<T> = Field<Omit<T, "kind">>;

const transferId = hex(TRANSFER_ID_BYTES);
const contentId = hex(CONTENT_ID_BYTES);
const slot = integer(0, 0xfffd);

const pair: Field<IntervalPair> = (value, path) => {
  const [start, length] = list(u53, 2)(value, path);
  return [u53(start, `${path}[0]`), u53(length, `${path}[1]`)];
};

/** Reads OFFER. */
export const readOffer: Body<OfferMessage> = object<Omit<OfferMessage, "kind">>({
  transferId,
  objectKey: text(),
  generation: u53,
  rawLength: integer(-1, Number.MAX_SAFE_INTEGER),
  pageBytes: u32,
  leafBytes: u32,
  hash: oneOf<"sha-256">(["sha-256"]),
  rootHash: optional(contentId),
  baselines: list(object({ slot, id: contentId, length: u53 }), MAX_SLOTS),
  dictionaries: list(object({ slot: u32, id: contentId }), MAX_SLOTS),
  transferKind: oneOf<TransferKind>(["blob", "memory", "live"]),
  priority: u16,
  deadlineMs: optional(u53),
  metadata: texts(MAX_METADATA),
});
/** Reads ACCEPT. */
export const readAccept: Body<AcceptMessage> = object({
  transferId,
  handle: u32,
  baselineSlots: list(slot, MAX_SLOTS),
  dictionarySlots: list(u32, MAX_SLOTS),
  intervals: list(pair, MAX_INTERVALS),
  creditLimit: u53,
});
/** Reads REJECT. */
export const readReject: Body<RejectMessage> = object({ transferId, code: u16, text: text() });
/** Reads CANCEL, PAUSE and CONTINUE. */
export const readSteering: Body<SteeringMessage> = object({ reason: text() });
/** Reads NACK. */
export const readNack: Body<NackMessage> = object({
  unitId: u53,
  reason: oneOf<NackReason>([
    "CRC",
    "DECODE",
    "BASELINE_MISSING",
    "BASELINE_MISMATCH",
    "DICT_MISSING",
    "NO_SPACE",
    "DEPENDENCY",
    "RANGE",
  ]),
});
/** Reads FIN. */
export const readFin: Body<FinMessage> = object({ rootHash: contentId, rawLength: u53 });
/** Reads VERIFIED and COMMITTED. */
export const readOutcome: Body<OutcomeMessage> = object({ transferId, rootHash: contentId });
/** Reads LEAVES. */
export const readLeaves: Body<LeavesMessage> = object<Omit<LeavesMessage, "kind">>({
  first: u53,
  count: integer(1, MAX_LEAVES),
  digests: optional(list(contentId, MAX_LEAVES)),
});
/** Reads REPAIR. */
export const readRepair: Body<RepairMessage> = object({ leaves: list(u53, MAX_INTERVALS) });
/** Reads ROUND. */
export const readRound: Body<RoundMessage> = object({ transferId, round: u32, dirtyBytes: u53 });
/** Reads SWITCHOVER. */
export const readSwitchover: Body<SwitchoverMessage> = object({ transferId, round: u32 });
