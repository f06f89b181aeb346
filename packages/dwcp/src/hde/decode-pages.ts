import { DwcpError } from "../errors.js";
import type { UnitBody } from "../wire/chunk.js";
import { NetworkReader } from "../wire/network-reader.js";
import type { ByteSource } from "./byte-source.js";
import type { DecodeContext, DecodeMemory } from "./decode-context.js";
import { openLists } from "./lists.js";
import { decodeLiterals } from "./literals.js";
import { PageKind, type PageRun, readPageRuns } from "./page-ops.js";
import { overlapOf, readRanges, sliceOf, viewRanges } from "./ranges.js";

/**
 * Decodes a unit of PAGES.
 *
 * @param allocate Gives the memory for the result, once the lists are known to be good.
 * @throws {@link DwcpError} what `decodeUnit` does.
 * @see spec/dwcp.md B5
 */
export function decodePages(
  unit: UnitBody,
  baseline: ByteSource,
  { limits, platform, pageBytes }: DecodeContext,
  memory: DecodeMemory,
  allocate: (bytes: number) => Uint8Array,
): Uint8Array {
  const { rawOffset, rawBytes } = unit;
  if (rawOffset % pageBytes !== 0) {
    throw new DwcpError("dwcp.decode", `PAGES at ${rawOffset}, which is no page of ${pageBytes}`);
  }
  const reader = new NetworkReader(unit.encoded);
  const lists = openLists(reader, unit.codecFlags, platform.zstd, limits);
  const firstPage = rawOffset / pageBytes;
  const pages = Math.ceil(rawBytes / pageBytes);
  const runs = readPageRuns(lists.view(lists.varint()), pages, firstPage);
  const ranges = readRanges(lists, rawOffset, baseline.length, limits);
  const literalBytes = literalBytesOf(runs, rawBytes, pageBytes);
  const codec = reader.u8();
  const literals = decodeLiterals({ codec, bytes: reader.rest() }, literalBytes, {
    zstd: platform.zstd,
    limits,
    memory: memory.literals,
    prefix: () => viewRanges(baseline, ranges, memory.prefix),
    base: () => {
      const base = memory.prefix.take(literalBytes).fill(0);
      return gatherBase(base, runs, { rawOffset, rawBytes, pageBytes, baseline });
    },
  });
  return layRuns(runs, literals, allocate(rawBytes), { rawOffset, rawBytes, pageBytes, baseline });
}

/** Where the runs of a unit lie. */
interface PagePlace {
  readonly rawOffset: number;
  readonly rawBytes: number;
  readonly pageBytes: number;
  readonly baseline: ByteSource;
}

function literalBytesOf(runs: readonly PageRun[], rawBytes: number, pageBytes: number): number {
  let at = 0;
  let literalBytes = 0;
  for (const { kind, pages } of runs) {
    const length = lengthOf(pages, at, rawBytes, pageBytes);
    if (kind === PageKind.LITERAL) literalBytes += length;
    at += length;
  }
  return literalBytes;
}

// Same-offset baseline bytes of the literals, behind each other.
function gatherBase(
  base: Uint8Array,
  runs: readonly PageRun[],
  { rawOffset, rawBytes, pageBytes, baseline }: PagePlace,
): Uint8Array {
  let at = 0;
  let literalAt = 0;
  for (const { kind, pages } of runs) {
    const length = lengthOf(pages, at, rawBytes, pageBytes);
    if (kind === PageKind.LITERAL) {
      base.set(overlapOf(baseline, rawOffset + at, length), literalAt);
      literalAt += length;
    }
    at += length;
  }
  return base;
}

function layRuns(
  runs: readonly PageRun[],
  literals: Uint8Array,
  into: Uint8Array,
  { rawOffset, rawBytes, pageBytes, baseline }: PagePlace,
): Uint8Array {
  let at = 0;
  let literalAt = 0;
  for (const { kind, pages, source } of runs) {
    const length = lengthOf(pages, at, rawBytes, pageBytes);
    if (kind === PageKind.LITERAL) {
      into.set(literals.subarray(literalAt, literalAt + length), at);
      literalAt += length;
    } else if (kind === PageKind.SAME) {
      into.set(sliceOf(baseline, rawOffset + at, length), at);
    } else if (kind === PageKind.COPY) {
      into.set(sliceOf(baseline, source * pageBytes, length), at);
    } else into.fill(0, at, at + length);
    at += length;
  }
  return into;
}

// The last page of an object may be short.
function lengthOf(pages: number, at: number, rawBytes: number, pageBytes: number): number {
  return Math.min(pages * pageBytes, rawBytes - at);
}
