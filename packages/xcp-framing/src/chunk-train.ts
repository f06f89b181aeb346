import { equalBytes, type SchemaKey } from "@proj/wire-types";
import { XcpError } from "./errors.js";
import { GatherBuffer } from "./gather-buffer.js";
import { WholeBuffer } from "./whole-buffer.js";
import { Flag, ReservedTag } from "./wire/constants.js";
import { type FrameHeader, tagValue } from "./wire/header.js";
import type { Allocate } from "./wire/payload-buffer.js";

/** A frame of msgType ≥ 0x0100 after CRC and AEAD: its payload is plaintext. */
export interface ChunkFrame {
  /** Bits of {@link Flag}. */
  readonly flags: number;
  /** The frame's header. */
  readonly header: FrameHeader;
  /** Kept until its message is complete. */
  readonly payload: Uint8Array;
}

/** One message on its way in: what came of it, and what its chunks must have in common. spec/xcp.md §11.3 */
export class ChunkTrain {
  /** That of the first chunk. */
  readonly header: FrameHeader;
  /** Its `xcp.len`; NaN for one that is no number. */
  readonly announcedBytes: number | undefined;
  /** Those of the first chunk, with ACKREQ once any chunk has it. */
  flags: number;
  /** Bytes that came. */
  bytes = 0;
  /** Bytes that may come. */
  maxBytes: number;
  /** Frames that came. */
  chunks = 1;
  /** When it is given up unless something comes. */
  deadlineUs = 0;
  /** Its bytes; absent once they are handed over as they come. */
  gathered: GatherBuffer | WholeBuffer | undefined;

  /** `first` is not taken yet; `ahead` is where it lies already, if it was given a place. */
  constructor(
    first: ChunkFrame,
    maxBytes: number,
    allocate: Allocate,
    ahead: WholeBuffer | undefined,
  ) {
    this.header = first.header;
    this.announcedBytes = announcedLength(first.header);
    this.flags = first.flags;
    this.maxBytes = maxBytes;
    this.gathered =
      ahead ??
      (this.announcedBytes === undefined
        ? new GatherBuffer()
        : new WholeBuffer(this.announcedBytes, allocate));
  }

  /** Where the next `length` bytes belong. */
  placeOf(length: number): Uint8Array | undefined {
    return this.gathered instanceof WholeBuffer ? this.gathered.place(length) : undefined;
  }

  /** Why this frame cannot be a further chunk. */
  violation({ flags, header, payload }: ChunkFrame): XcpError | undefined {
    if ((flags & Flag.MORE) !== 0 && payload.length === 0) {
      return stateError("an empty chunk that is not the last");
    }
    const { header: first } = this;
    const same =
      ((this.flags ^ flags) & (Flag.COMP | Flag.CRYPT)) === 0 &&
      first.bodyCodec === header.bodyCodec &&
      first.msgType === header.msgType &&
      first.inReplyTo === header.inReplyTo &&
      isSameKey(first.schemaKey, header.schemaKey);
    return same ? undefined : stateError("the chunks of one message differ in their headers");
  }

  /** Why `more` further bytes are too many. */
  excess(more: number): XcpError | undefined {
    const bytes = this.bytes + more;
    if (bytes > this.maxBytes) {
      return new XcpError(
        "xcp.message_too_large",
        `message of ${bytes} bytes or more, limit ${this.maxBytes}`,
      );
    }
    return this.announcedBytes !== undefined && bytes > this.announcedBytes
      ? stateError(`${bytes} bytes, announced ${this.announcedBytes}`)
      : undefined;
  }

  /** Why this cannot have been all of it. */
  missing(): XcpError | undefined {
    return this.announcedBytes !== undefined && this.announcedBytes !== this.bytes
      ? stateError(`${this.bytes} bytes, announced ${this.announcedBytes}`)
      : undefined;
  }
}

/** The message's `xcp.len`: `undefined` without one, NaN for one that is no decimal number. */
export function announcedLength(header: FrameHeader): number | undefined {
  const text = tagValue(header.tags, ReservedTag.LENGTH);
  if (text === undefined) return undefined;
  return /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
}

/** A chunk that does not fit the state of its channel. */
export function stateError(message: string): XcpError {
  return new XcpError("xcp.chunk_state", message);
}

function isSameKey(a: SchemaKey | undefined, b: SchemaKey | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined) return false;
  const sameHash =
    a.hash128 === undefined || b.hash128 === undefined
      ? a.hash128 === b.hash128
      : equalBytes(a.hash128, b.hash128);
  return (
    sameHash &&
    a.nsHash === b.nsHash &&
    a.kindId === b.kindId &&
    a.major === b.major &&
    a.minor === b.minor
  );
}
