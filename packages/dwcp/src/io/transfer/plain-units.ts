import { encodeRaw, encodeZstd } from "../../hde/encode-unit.js";
import type { EncodedBody } from "../../hde/encoded-body.js";
import type { HdePlatform } from "../../hde/hde-platform.js";
import type { ObjectSettings } from "../../hde/object-encoder.js";
import type { UnitBody } from "../../wire/chunk.js";
import { Codec } from "../../wire/codec.js";
import type { SendSource } from "./send-source.js";

interface PlainContext {
  readonly object: SendSource;
  readonly settings: ObjectSettings;
  readonly platform: HdePlatform;
}

/** Encodes an extent in this thread, to RAW or ZSTD, in units of about `unitBytes`: for repairs, and where nothing else works. */
export function encodePlainly(
  extent: { readonly start: number; readonly end: number },
  rule: "raw" | "plain",
  unitBytes: number,
  { object, settings, platform }: PlainContext,
): UnitBody[] {
  const units: UnitBody[] = [];
  const step = Math.max(settings.pageBytes, Math.min(unitBytes, settings.maxEncodedBytes));
  for (let at = extent.start; at < extent.end; at += step) {
    // Sockets take no shared memory.
    const raw = new Uint8Array(object.source.read(at, Math.min(step, extent.end - at)));
    const body: EncodedBody = rule === "raw" ? encodeRaw(raw) : encodeZstd(raw, settings);
    units.push({ rawOffset: at, rawBytes: raw.length, rawCrc: platform.crc32(raw), ...body });
  }
  return units;
}

// Headers are 64 bytes a unit: of stored bytes they may be no more than 0.1 %. Longer units lose more when their stream breaks.
// spec/dwcp.md B13
const SHORTEST_STORED_BYTES = 98_304;

/** Whole pages that a unit of stored bytes should have, in bytes: `unitBytes` or a little more, as its headers and a frame allow. */
export function storedStep(
  unitBytes: number,
  { pageBytes, maxEncodedBytes }: Pick<ObjectSettings, "pageBytes" | "maxEncodedBytes">,
): number {
  const pages = Math.ceil(Math.max(unitBytes, SHORTEST_STORED_BYTES) / pageBytes);
  return Math.max(1, Math.min(pages, Math.floor(maxEncodedBytes / pageBytes))) * pageBytes;
}

/** Cuts stored bytes, which may be cut anywhere, into units as short as the path wants them, or as their headers allow. */
export function cutStored(
  unit: UnitBody,
  unitBytes: number,
  { platform, settings }: Omit<PlainContext, "object">,
): UnitBody[] {
  const step = storedStep(unitBytes, settings);
  if (unit.codec !== Codec.RAW || unit.rawBytes <= step) return [unit];
  return Array.from({ length: Math.ceil(unit.rawBytes / step) }, (_, i) => {
    const encoded = unit.encoded.subarray(i * step, (i + 1) * step);
    const rawOffset = unit.rawOffset + i * step;
    const rawCrc = platform.crc32(encoded);
    return { ...unit, rawOffset, rawBytes: encoded.length, rawCrc, encoded };
  });
}
