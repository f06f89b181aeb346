import { encodeUtf8, equalBytes, formatHex, parseHex } from "@proj/wire-types";
import { DwcpError } from "../errors.js";
import type { DwcpLimits } from "../limits.js";
import { Codec, FLAG_PACKED_LISTS, isCodec, SLOT_NONE } from "../wire/codec.js";
import { NetworkReader } from "../wire/network-reader.js";
import { NetworkWriter } from "../wire/network-writer.js";
import { zeroCrc } from "../wire/zero-crc.js";
import { indexOf } from "./anchor-index.js";
import type { ByteSource } from "./byte-source.js";
import { decodeUnit } from "./decode-unit.js";
import { type DeltaAlgorithm, DeltaFinder } from "./delta-algorithm.js";
import { encodeRaw, encodeZstd, type UnitSettings } from "./encode-unit.js";
import { type EncodedBody, shorter } from "./encoded-body.js";
import type { HdePlatform } from "./hde-platform.js";
import { classifyPages } from "./page-classes.js";
import { PageKind } from "./page-ops.js";
import { UnitEncoder } from "./unit-encoder.js";

/** Bytes before what is encoded. spec/dwcp.md B5 */
export const STATE_HEADER_BYTES = 118;

const MAGIC = encodeUtf8("HDE1");
const ID_BYTES = 32;
const NO_ID = "00".repeat(ID_BYTES);
const PAGE_BYTES = 4_096;
const BASELINE_SLOT = 0;
const DICTIONARY_SLOT = 1;

/** What a state is encoded against. */
export interface StateOptions {
  /** What this runs on lends: hashes, checksums, compression. */
  readonly platform: HdePlatform;
  /** Kept with the state; the caller's number. */
  readonly generation: number;
  /** 0 to 9; 0 stores. */
  readonly level: number;
  /** How differences are found. */
  readonly algorithm?: DeltaAlgorithm;
  /** An earlier state that whoever decodes has. */
  readonly baseline?: { readonly id: string; readonly source: ByteSource } | undefined;
  /** A dictionary that whoever decodes has. */
  readonly dictionary?: { readonly id: string; readonly bytes: Uint8Array } | undefined;
}

/** What the header of an encoded state says. spec/dwcp.md B5 */
export interface StateHeader {
  /** How it is encoded. */
  readonly codec: number;
  /** Bit 0: the lists are compressed. */
  readonly codecFlags: number;
  /** Of the state. */
  readonly generation: number;
  /** Bytes of the state. */
  readonly rawBytes: number;
  /** Content id of the baseline it needs, in hexadecimal. */
  readonly baselineId: string | undefined;
  /** SHA-256 of the dictionary it needs, in hexadecimal. */
  readonly dictionaryId: string | undefined;
  /** SHA-256 of the state, in hexadecimal. */
  readonly rawHash: string;
}

/** Finds what a state was encoded against, by its id; each has been checked against that id. */
export interface StateStore {
  /** What it is sent against. */
  readonly baseline: (id: string) => ByteSource | undefined;
  /** What it is compressed with, where there is one. */
  readonly dictionary: (id: string) => Uint8Array | undefined;
}

/**
 * Encodes a state at rest or a small message: by whatever comes out shortest, never longer than the state and its header.
 *
 * @throws {@link DwcpError} `dwcp.limit` for a state of more than a unit; such objects use units.
 * @see spec/dwcp.md B5
 */
export function encodeState(
  raw: Uint8Array,
  options: StateOptions,
  limits: Pick<DwcpLimits, "maxUnitRawBytes">,
): Uint8Array<ArrayBuffer> {
  if (raw.length > limits.maxUnitRawBytes) {
    throw new DwcpError(
      "dwcp.limit",
      `state of ${raw.length} bytes, limit ${limits.maxUnitRawBytes}`,
    );
  }
  const body = shortestBody(raw, options);
  const { platform, generation, baseline, dictionary } = options;
  const baselineId = body.baselineSlot === SLOT_NONE ? NO_ID : (baseline?.id ?? NO_ID);
  const dictionaryId = body.dictionarySlot === 0 ? NO_ID : (dictionary?.id ?? NO_ID);
  return new NetworkWriter(STATE_HEADER_BYTES + body.encoded.length)
    .bytes(MAGIC)
    .u8(body.codec)
    .u8(body.codecFlags)
    .u64(generation)
    .u64(raw.length)
    .bytes(parseHex(baselineId))
    .bytes(parseHex(dictionaryId))
    .bytes(platform.sha256(raw))
    .bytes(body.encoded)
    .view();
}

/**
 * Reads the header of an encoded state.
 *
 * @throws {@link DwcpError} `dwcp.protocol`; `dwcp.limit` for a state of more than a unit.
 * @see spec/dwcp.md B5
 */
export function decodeStateHeader(
  bytes: Uint8Array,
  limits: Pick<DwcpLimits, "maxUnitRawBytes">,
): StateHeader {
  const reader = new NetworkReader(bytes);
  if (!equalBytes(reader.view(MAGIC.length), MAGIC)) {
    throw new DwcpError("dwcp.protocol", "no encoded state: its magic number is another");
  }
  const codec = reader.u8();
  const codecFlags = reader.u8();
  const generation = reader.u64();
  const rawBytes = reader.u64();
  const baselineId = formatHex(reader.view(ID_BYTES));
  const dictionaryId = formatHex(reader.view(ID_BYTES));
  const rawHash = formatHex(reader.view(ID_BYTES));
  if (!isCodec(codec) || (codecFlags & ~FLAG_PACKED_LISTS) !== 0) {
    throw new DwcpError("dwcp.protocol", `codec ${codec} with flags ${codecFlags}`);
  }
  if (rawBytes > limits.maxUnitRawBytes) {
    throw new DwcpError(
      "dwcp.limit",
      `state of ${rawBytes} bytes, limit ${limits.maxUnitRawBytes}`,
    );
  }
  return {
    codec,
    codecFlags,
    generation,
    rawBytes,
    baselineId: baselineId === NO_ID ? undefined : baselineId,
    dictionaryId: dictionaryId === NO_ID ? undefined : dictionaryId,
    rawHash,
  };
}

/**
 * Gives the state that {@link encodeState} took, checked against its SHA-256.
 *
 * @throws {@link DwcpError} `dwcp.baseline_missing` and `dwcp.dict_missing` with the id in `details.id`; `dwcp.integrity` for
 *   a result that is not the state; what `decodeUnit` throws.
 * @see spec/dwcp.md B5
 */
export function decodeState(
  bytes: Uint8Array,
  store: StateStore,
  platform: HdePlatform,
  limits: DwcpLimits,
): Uint8Array {
  const header = decodeStateHeader(bytes, limits);
  const { codec, codecFlags, rawBytes, baselineId, dictionaryId } = header;
  const baseline = baselineId === undefined ? undefined : store.baseline(baselineId);
  if (baselineId !== undefined && baseline === undefined) {
    throw new DwcpError("dwcp.baseline_missing", `no baseline ${baselineId}`, {
      details: { id: baselineId },
    });
  }
  const dictionary = dictionaryId === undefined ? undefined : store.dictionary(dictionaryId);
  if (dictionaryId !== undefined && dictionary === undefined) {
    throw new DwcpError("dwcp.dict_missing", `no dictionary ${dictionaryId}`, {
      details: { id: dictionaryId },
    });
  }
  if (!isCodec(codec)) throw new DwcpError("dwcp.protocol", `codec ${codec}`);
  // The container has the stronger sum, so the unit's own is what will be found; that of zeros is found without a look at them.
  const raw = decodeUnit(
    {
      rawOffset: 0,
      rawBytes,
      codec,
      codecFlags,
      baselineSlot: baseline === undefined ? SLOT_NONE : BASELINE_SLOT,
      dictionarySlot: dictionary === undefined ? 0 : DICTIONARY_SLOT,
      rawCrc: codec === Codec.ZERO ? zeroCrc(rawBytes) : 0,
      encoded: bytes.subarray(STATE_HEADER_BYTES),
    },
    {
      platform: { ...platform, crc32: () => 0 },
      limits,
      pageBytes: PAGE_BYTES,
      baseline: (slot) => (slot === BASELINE_SLOT ? baseline : undefined),
      dictionary: () => dictionary,
    },
  );
  if (formatHex(platform.sha256(raw)) !== header.rawHash) {
    throw new DwcpError("dwcp.integrity", `the SHA-256 of ${rawBytes} bytes does not match`);
  }
  return raw;
}

function shortestBody(raw: Uint8Array, options: StateOptions): EncodedBody {
  const { platform, level, algorithm = "auto", baseline, dictionary } = options;
  const settings: UnitSettings = { platform, level, pageBytes: PAGE_BYTES };
  const learned =
    dictionary === undefined ? undefined : { slot: DICTIONARY_SLOT, bytes: dictionary.bytes };
  const alone = raw.length === 0 ? encodeRaw(raw) : encodeZstd(raw, settings, learned);
  if (baseline === undefined || algorithm === "none" || raw.length === 0) return alone;
  const { source } = baseline;
  const reference = { slot: BASELINE_SLOT, source, isInPlace: true };
  const finder = new DeltaFinder(reference, settings);
  if (algorithm !== "auto") return shorter(alone, finder.encode(raw, 0, algorithm));
  const kinds = classifyPages(raw, 0, PAGE_BYTES, source, platform);
  if (kinds.every((kind) => kind === PageKind.SAME)) return SAME;
  const paged = new UnitEncoder(settings).encode(raw, 0, kinds, {
    ...reference,
    anchors: indexOf(source, platform),
  });
  const prefixed = level === 0 ? undefined : finder.encode(raw, 0, "prefix");
  return shorter(shorter(alone, paged), prefixed);
}

const SAME: EncodedBody = {
  codec: Codec.SAME,
  codecFlags: 0,
  baselineSlot: BASELINE_SLOT,
  dictionarySlot: 0,
  encoded: new Uint8Array(0),
};
