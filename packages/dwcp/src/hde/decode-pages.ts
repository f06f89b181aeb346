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
  const spans = placeRuns(runs, rawBytes, pageBytes);
  const literals = spans.filter(({ run }) => run.kind === PageKind.LITERAL);
  const literalBytes = literals.reduce((sum, { length }) => sum + length, 0);
  const codec = reader.u8();
  const bytes = decodeLiterals({ codec, bytes: reader.rest() }, literalBytes, {
    zstd: platform.zstd,
    limits,
    memory: memory.literals,
    prefix: () => viewRanges(baseline, ranges, memory.prefix),
    base: () => {
      const base = memory.prefix.take(literalBytes).fill(0);
      let at = 0;
      for (const { start, length } of literals) {
        base.set(overlapOf(baseline, rawOffset + start, length), at);
        at += length;
      }
      return base;
    },
  });
  const into = allocate(rawBytes);
  let literalAt = 0;
  for (const { run, start, length } of spans) {
    if (run.kind === PageKind.LITERAL) {
      into.set(bytes.subarray(literalAt, literalAt + length), start);
      literalAt += length;
    } else if (run.kind === PageKind.SAME) {
      into.set(sliceOf(baseline, rawOffset + start, length), start);
    } else if (run.kind === PageKind.COPY) {
      into.set(sliceOf(baseline, run.source * pageBytes, length), start);
    } else into.fill(0, start, start + length);
  }
  return into;
}

interface PlacedRun {
  readonly run: PageRun;
  /** From the start of the unit, in bytes. */
  readonly start: number;
  /** The last page of an object may be short. */
  readonly length: number;
}

function placeRuns(runs: readonly PageRun[], rawBytes: number, pageBytes: number): PlacedRun[] {
  let start = 0;
  return runs.map((run) => {
    const length = Math.min(run.pages * pageBytes, rawBytes - start);
    const placed = { run, start, length };
    start += length;
    return placed;
  });
}
