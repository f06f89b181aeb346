import type { SchemaKey } from "@proj/wire-types";

/** A message id: `number` up to 2^53-1, `bigint` above; 0 = unnumbered. spec/xcp.md §4, §7 */
export type MsgId = number | bigint;

/** One header tag. */
export interface Tag {
  /** At most 128 bytes of UTF-8. */
  readonly key: string;
  /** At most 4096 bytes of UTF-8. */
  readonly val: string;
}

/** The header of one frame, whatever its encoding on the wire. spec/xcp.md §4 */
export interface FrameHeader {
  /** The ordered sequence this frame belongs to; 0 is the control channel. */
  readonly channelId: number;
  /** spec/xcp.md §7 */
  readonly msgType: number;
  /** How the body is encoded. spec/xcp.md §2 */
  readonly bodyCodec: number;
  /** What the body claims to be, or `undefined`. */
  readonly schemaKey: SchemaKey | undefined;
  /** This message's id in its direction. */
  readonly msgId: MsgId;
  /** The id of the message this answers; 0 = none. */
  readonly inReplyTo: MsgId;
  /** In wire order; of duplicate keys the last one wins. */
  readonly tags: readonly Tag[];
}

/** The tags of most frames. */
export const NO_TAGS: readonly Tag[] = Object.freeze([]);

/** The value of the last tag named `key`. */
export function tagValue(tags: readonly Tag[], key: string): string | undefined {
  return tags.findLast((tag) => tag.key === key)?.val;
}

/** Gives a key that came from the wire its one form: all zero is the same as none. spec/xcp.md §4 */
export function claimedKey(key: SchemaKey): SchemaKey | undefined {
  const { nsHash, kindId, major, minor, hash128 } = key;
  const claims = nsHash !== 0 || kindId !== 0 || major !== 0 || minor !== 0;
  return claims || hash128?.some((byte) => byte !== 0) === true ? key : undefined;
}

/** Gives an id of up to 2^64-1 its one form, so that `===` compares ids. */
export function toMsgId(value: bigint): MsgId {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}
