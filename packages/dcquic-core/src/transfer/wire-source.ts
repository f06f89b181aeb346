import type { RmaKey } from "../rma/rma-port.js";
import { NotifyFlag, Protection } from "../wire/constants.js";
import { type Id64, id64, sameId } from "../wire/id64.js";
import type { NotifyEntry } from "../wire/notify-entry.js";

const NOTHING = new Uint8Array(0);
const NO_ID = id64();
const NO_KEYS: readonly RmaKey[] = [];

/** What protects the bytes of a transfer besides packets. spec/dcquic.md §8 */
export interface WireSeal {
  /** How they are protected. */
  readonly protection: number;
  /** log2 of the record size, or 0. */
  readonly recordLog2: number;
  /** What binds the records together. */
  readonly binding: Uint8Array;
  /** The data key, if one was announced. */
  readonly dataKey: Uint8Array | undefined;
  /** The message's number under the data key. */
  readonly messageNumber: number;
}

// Nothing is bound together that only packets protect.
const PACKETS_ONLY: WireSeal = {
  protection: Protection.Packet,
  recordLog2: 0,
  binding: NOTHING,
  dataKey: undefined,
  messageNumber: 0,
};

/** Where the bytes of a transfer lie that did not ride in its announcement. */
export class WireSource {
  /** The buffer that pulls must name. */
  readonly bufferId: Id64;
  /** Wire bytes. */
  readonly wireBytes: number;
  /** Where the message begins in that buffer. */
  readonly wireOffset: number;
  /** What protects them. */
  readonly seal: WireSeal;
  /** What opens the buffer to reads, region by region; empty where nothing does. */
  readonly rmaKeys: readonly RmaKey[];

  private constructor(
    bufferId: Id64,
    wireBytes: number,
    wireOffset: number,
    seal: WireSeal,
    rmaKeys: readonly RmaKey[],
  ) {
    this.bufferId = bufferId;
    this.wireBytes = wireBytes;
    this.wireOffset = wireOffset;
    this.seal = seal;
    this.rmaKeys = rmaKeys;
  }

  /** Of all transfers that rode in their announcement: nothing of them lies elsewhere. */
  static readonly none: WireSource = new WireSource(NO_ID, 0, 0, PACKETS_ONLY, NO_KEYS);

  /** Takes from an announcement where the bytes are; views are copied. `announcerId` is its transfer's id, in a copy that lasts. */
  static of(entry: NotifyEntry, announcerId: Id64): WireSource {
    if ((entry.flags & NotifyFlag.Inline) !== 0) return WireSource.none;
    const { bufferId, flags, protection, wireBytes, wireOffset } = entry;
    // Bytes that belong to no buffer go by the transfer's own id.
    const isOwn = sameId(bufferId, announcerId);
    return new WireSource(
      isOwn ? announcerId : id64(bufferId.hi, bufferId.lo),
      wireBytes,
      wireOffset,
      protection === Protection.Packet ? PACKETS_ONLY : sealOf(entry),
      (flags & NotifyFlag.Rma) === 0 ? NO_KEYS : keysOf(entry),
    );
  }
}

function sealOf(entry: NotifyEntry): WireSeal {
  const { protection, recordLog2, binding, dataKey, messageNumber } = entry;
  const hasKey = (entry.flags & NotifyFlag.DataKey) !== 0;
  return {
    protection,
    recordLog2,
    binding: binding.slice(),
    dataKey: hasKey ? dataKey.slice() : undefined,
    messageNumber,
  };
}

function keysOf({ rma, rmaCount }: NotifyEntry): readonly RmaKey[] {
  return rma.slice(0, rmaCount).map(({ nic, provider, rkey, base }) => ({
    nic,
    provider,
    rkey: id64(rkey.hi, rkey.lo),
    base: id64(base.hi, base.lo),
  }));
}
