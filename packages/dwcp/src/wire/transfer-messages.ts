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
  readonly slot: number;
  /** Its content id, in hexadecimal. */
  readonly id: string;
  readonly length: number;
}

/** OFFER. spec/dwcp.md B4 */
export interface OfferMessage {
  readonly kind: "OFFER";
  /** Kept for all retries. */
  readonly transferId: string;
  readonly objectKey: string;
  readonly generation: number;
  /** −1 while it is not known; then FIN states it. */
  readonly rawLength: number;
  readonly pageBytes: number;
  readonly leafBytes: number;
  readonly hash: "sha-256";
  /** The content id of the object, where it is known. */
  readonly rootHash?: string | undefined;
  readonly baselines: readonly OfferedBaseline[];
  readonly dictionaries: readonly { readonly slot: number; readonly id: string }[];
  readonly transferKind: TransferKind;
  readonly priority: number;
  /** How long from now the transfer may take, where it may not take forever. */
  readonly deadlineMs?: number | undefined;
  readonly metadata: Readonly<Record<string, string>>;
}

/** An extent of the object: `[start, length]`. spec/dwcp.md B4 */
export type IntervalPair = readonly [start: number, length: number];

/** ACCEPT. spec/dwcp.md B4 */
export interface AcceptMessage {
  readonly kind: "ACCEPT";
  readonly transferId: string;
  readonly handle: number;
  /** Slots that the receiver has and has verified. */
  readonly baselineSlots: readonly number[];
  readonly dictionarySlots: readonly number[];
  /** What it already holds durably, the largest of it. */
  readonly intervals: readonly IntervalPair[];
  readonly creditLimit: number;
}

/** REJECT. spec/dwcp.md B4 */
export interface RejectMessage {
  readonly kind: "REJECT";
  readonly transferId: string;
  /** A number of spec/dwcp.md B9. */
  readonly code: number;
  readonly text: string;
}

/** CANCEL, PAUSE and CONTINUE; the handle is the frame's. spec/dwcp.md B2 */
export interface SteeringMessage {
  readonly kind: "CANCEL" | "PAUSE" | "CONTINUE";
  readonly reason: string;
}

/** NACK. spec/dwcp.md B6 */
export interface NackMessage {
  readonly kind: "NACK";
  readonly unitId: number;
  readonly reason: NackReason;
}

/** FIN. spec/dwcp.md B8 */
export interface FinMessage {
  readonly kind: "FIN";
  readonly rootHash: string;
  readonly rawLength: number;
}

/** VERIFIED and COMMITTED. spec/dwcp.md B8 */
export interface OutcomeMessage {
  readonly kind: "VERIFIED" | "COMMITTED";
  readonly transferId: string;
  readonly rootHash: string;
}

/** LEAVES: asks for digests (without `digests`) or answers. spec/dwcp.md B8 */
export interface LeavesMessage {
  readonly kind: "LEAVES";
  /** Number of the first leaf. */
  readonly first: number;
  readonly count: number;
  /** One per leaf, in hexadecimal. */
  readonly digests?: readonly string[] | undefined;
}

/** REPAIR: leaves that have to come again. spec/dwcp.md B8 */
export interface RepairMessage {
  readonly kind: "REPAIR";
  readonly leaves: readonly number[];
}

/** ROUND: a round of a live migration begins. spec/dwcp.md B15 */
export interface RoundMessage {
  readonly kind: "ROUND";
  readonly transferId: string;
  readonly round: number;
  readonly dirtyBytes: number;
}

/** SWITCHOVER: the target takes over. spec/dwcp.md B15 */
export interface SwitchoverMessage {
  readonly kind: "SWITCHOVER";
  readonly transferId: string;
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
