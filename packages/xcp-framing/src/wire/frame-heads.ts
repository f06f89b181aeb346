import type { SchemaKey } from "@proj/wire-types";
import { XcpError } from "../errors.js";
import {
  Flag,
  MAGIC,
  MAGIC_SWAPPED,
  MAX_HEADER_BYTES,
  MIN_HEADER_BYTES,
  MsgType,
  PREFIX_BYTES,
  type Profile,
  VERSION,
  VERSION_V01,
} from "./constants.js";
import { readCapnpHeader } from "./header-capnp.js";
import { decodeJsonHeader } from "./header-json.js";
import { decodeV01Header } from "./header-v01.js";
import type { FrameHeader } from "./header.js";
import { loadU16, loadU32, loadU64, swapU32 } from "./little-endian.js";

/** What the heads of a connection's frames are checked against from the first one on. */
export interface FrameHeadOptions {
  /** Largest HEADER. */
  readonly maxHeaderBytes: number;
  /** Whether a connection whose profile is not known yet may turn out to speak v0.1. */
  readonly acceptV01: boolean;
  /** The connection's profile, where it is known. */
  readonly profile: Profile | undefined;
}

/** Bytes of a head from which its size is known: the prefix, and the first byte of HEADER, which tells the profile. */
export const START_BYTES: number = PREFIX_BYTES + 1;
const JSON_OBJECT = 0x7b;

/**
 * Reads the heads of one connection's frames, prefix, HEADER and PLEN, in the profile that the first one shows.
 *
 * @see spec/xcp.md §3, §5
 */
export class FrameHeads {
  readonly #maxHeaderBytes: number;
  readonly #acceptV01: boolean;
  #profile: Profile | undefined;
  #lastKey: SchemaKey | undefined;
  /** Flag bits that are accepted. */
  allowedFlags: number = Flag.LARGE;

  constructor(options: FrameHeadOptions) {
    this.#maxHeaderBytes = options.maxHeaderBytes;
    this.#acceptV01 = options.acceptV01;
    this.#profile = options.profile;
  }

  /** The connection's profile, once it is known. */
  get profile(): Profile | undefined {
    return this.#profile;
  }

  /**
   * Checks the prefix, in the order of §3, and returns the bytes up to and with PLEN. {@link START_BYTES} of them must be there.
   *
   * @throws XcpError `xcp.bad_magic`, `xcp.version_unsupported`, `xcp.flags_reserved`, `xcp.header_malformed`
   */
  sizeOf(bytes: Uint8Array, at: number): number {
    const magic = loadU32(bytes, at);
    const profile = this.#profile ?? this.#learnProfile(magic, bytes[at + PREFIX_BYTES]);
    const v01 = profile === "v0.1";
    if (magic !== (v01 ? MAGIC_SWAPPED : MAGIC)) throw badMagic(magic);
    const ver = bytes[at + 4] as number;
    if (v01 ? ver !== VERSION_V01 : ver < VERSION || ver > 0x0f) {
      throw new XcpError("xcp.version_unsupported", `version ${ver >> 4}.${ver & 0x0f}`);
    }
    const flags = bytes[at + 5] as number;
    const refused = flags & ~this.allowedFlags;
    if (refused !== 0 || (flags & (Flag.KPHASE | Flag.CRYPT)) === Flag.KPHASE) {
      throw new XcpError("xcp.flags_reserved", `flags 0x${flags.toString(16).padStart(2, "0")}`);
    }
    const length = loadU16(bytes, at + 6);
    const headerSize = v01 ? swapU32(length) >>> 16 : length;
    const minimum = profile === "v0.2" ? MIN_HEADER_BYTES : 2;
    const maximum = Math.min(this.#maxHeaderBytes, profile === "v0.2" ? MAX_HEADER_BYTES : 0xffff);
    const misaligned = profile === "v0.2" && headerSize % 8 !== 0;
    if (headerSize < minimum || headerSize > maximum || misaligned) {
      throw new XcpError("xcp.header_malformed", `header of ${headerSize} bytes, limit ${maximum}`);
    }
    return PREFIX_BYTES + headerSize + ((flags & Flag.LARGE) === 0 ? 4 : 8);
  }

  /**
   * Reads HEADER of a head whose prefix was checked.
   *
   * @throws XcpError `xcp.header_malformed`, `xcp.flags_reserved`
   */
  headerOf(bytes: Uint8Array, at: number, lengthAt: number): FrameHeader {
    const header = this.#decode(bytes, at + PREFIX_BYTES, lengthAt);
    if (header.schemaKey !== undefined) this.#lastKey = header.schemaKey;
    const flags = bytes[at + 5] as number;
    const greeting = this.#profile !== "v0.1" && header.msgType <= MsgType.CAPS;
    if (greeting && (flags & ~Flag.LARGE) !== 0) {
      throw new XcpError("xcp.flags_reserved", `HELLO or CAPS with flags 0x${flags.toString(16)}`);
    }
    return header;
  }

  /**
   * Reads PLEN, which takes `size` bytes: 4 or, with LARGE, 8.
   *
   * @throws XcpError `xcp.length_overflow`
   */
  lengthOf(bytes: Uint8Array, at: number, size: 4 | 8): number {
    const v01 = this.#profile === "v0.1";
    if (size === 4) return v01 ? swapU32(loadU32(bytes, at)) : loadU32(bytes, at);
    const length = loadU64(v01 ? bytes.slice(at, at + 8).toReversed() : bytes, v01 ? 0 : at);
    if (typeof length === "number") return length;
    throw new XcpError("xcp.length_overflow", `payload of ${length} bytes`);
  }

  #learnProfile(magic: number, firstHeaderByte: number | undefined): Profile {
    if (magic === MAGIC) this.#profile = firstHeaderByte === JSON_OBJECT ? "v0.2-json" : "v0.2";
    else if (magic === MAGIC_SWAPPED && this.#acceptV01) this.#profile = "v0.1";
    else throw badMagic(magic);
    return this.#profile;
  }

  #decode(bytes: Uint8Array, at: number, end: number): FrameHeader {
    if (this.#profile === "v0.2") return readCapnpHeader(bytes, at, end - at, this.#lastKey);
    const text = bytes.subarray(at, end);
    return this.#profile === "v0.1" ? decodeV01Header(text) : decodeJsonHeader(text);
  }
}

function badMagic(magic: number): XcpError {
  return new XcpError("xcp.bad_magic", `magic 0x${magic.toString(16).padStart(8, "0")}`);
}
