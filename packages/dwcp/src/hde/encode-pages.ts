import { AnchorScan } from "./gear.js";
import type { HdePlatform } from "./hde-platform.js";
import type { Reference } from "./reference.js";
import type { PageKindNumber, PageRun } from "./page-ops.js";
import { PageKind } from "./page-ops.js";
import { type ByteRange, joinRanges } from "./ranges.js";
import type { SimilarPages } from "./similar-pages.js";

// More than this many times the literals, a prefix costs more to load than it gains. spec/dwcp.md B11
const PREFIX_FACTOR = 4;
const MIN_PREFIX_BYTES = 65_536;

/** What PAGES says about a unit, before its literals are compressed. */
export interface PagePlan {
  readonly runs: readonly PageRun[];
  /** The literal pages, one behind the other. */
  readonly literals: Uint8Array;
  /** Where each of them stands in the unit, in bytes. */
  readonly literalStarts: readonly number[];
  /** Baseline pages that the literals resemble. */
  readonly prefix: readonly ByteRange[];
  /** The anchors of the whole unit, where so much of it has changed that they were looked for at once. */
  readonly scan: AnchorScan | undefined;
}

/**
 * Plans a unit page by page: what is known by its place, what is moved, and which baseline pages help with the rest.
 *
 * @param kinds Of `classifyPages`, for the pages of this unit.
 * @see spec/dwcp.md B10
 */
export function planPages(
  raw: Uint8Array,
  rawOffset: number,
  kinds: Uint8Array,
  pageBytes: number,
  reference: Reference,
  similar: SimilarPages,
  platform: Pick<HdePlatform, "equal">,
): PagePlan {
  const firstPage = rawOffset / pageBytes;
  const runs = new RunList();
  const literalStarts: number[] = [];
  const own: ByteRange[] = [];
  const alike: ByteRange[] = [];
  const anchors = new PageAnchors(raw, kinds, pageBytes);
  for (let page = 0; page < kinds.length; page++) {
    const kind = kinds[page] as PageKindNumber;
    if (kind !== PageKind.LITERAL) {
      runs.add(kind, 0);
      continue;
    }
    const bytes = raw.subarray(page * pageBytes, (page + 1) * pageBytes);
    const { scan, first, end } = anchors.of(page, bytes);
    const here = reference.isInPlace ? firstPage + page : -1;
    const candidates =
      reference.anchors === undefined
        ? []
        : similar.find(scan, first, end, reference.anchors, here);
    const moved = candidates.find((candidate) =>
      holdsPage(reference, candidate * pageBytes, bytes, platform),
    );
    if (moved !== undefined) {
      runs.add(PageKind.COPY, moved);
      continue;
    }
    runs.add(PageKind.LITERAL, 0);
    literalStarts.push(page * pageBytes);
    if (here >= 0) own.push(rangeOf(reference, here * pageBytes, pageBytes));
    for (const candidate of candidates) {
      alike.push(rangeOf(reference, candidate * pageBytes, pageBytes));
    }
  }
  const literals = gatherLiterals(raw, literalStarts, pageBytes);
  const room = Math.max(MIN_PREFIX_BYTES, PREFIX_FACTOR * literals.length);
  const prefix = fit([...own, ...alike], room);
  return { runs: runs.runs, literals, literalStarts, prefix, scan: anchors.whole };
}

function holdsPage(
  { source }: Reference,
  offset: number,
  bytes: Uint8Array,
  platform: Pick<HdePlatform, "equal">,
): boolean {
  return (
    bytes.length <= source.length - offset &&
    platform.equal(source.read(offset, bytes.length), bytes)
  );
}

function rangeOf({ source }: Reference, offset: number, length: number): ByteRange {
  return { offset, length: Math.max(0, Math.min(length, source.length - offset)) };
}

// The most important ranges come first; what does not fit is left out.
function fit(ranges: readonly ByteRange[], room: number): readonly ByteRange[] {
  const joined = joinRanges(ranges, 0);
  const total = joined.reduce((sum, { length }) => sum + length, 0);
  if (total <= room || ranges.length < 2) return joined;
  return fit(ranges.slice(0, Math.floor((ranges.length * room) / total)), room);
}

function gatherLiterals(raw: Uint8Array, starts: readonly number[], pageBytes: number): Uint8Array {
  if (starts.length * pageBytes === raw.length) return raw;
  const last = starts.at(-1);
  const lastBytes = last === undefined ? 0 : Math.min(pageBytes, raw.length - last);
  const literals = new Uint8Array(Math.max(0, starts.length - 1) * pageBytes + lastBytes);
  for (const [at, start] of starts.entries()) {
    literals.set(raw.subarray(start, start + pageBytes), at * pageBytes);
  }
  return literals;
}

/** The anchors of the pages of a unit: of all of them at once where most are asked for, one by one otherwise. */
class PageAnchors {
  readonly whole: AnchorScan | undefined;
  readonly #pageBytes: number;
  readonly #scan = new AnchorScan();
  #next = 0;

  constructor(raw: Uint8Array, kinds: Uint8Array, pageBytes: number) {
    this.#pageBytes = pageBytes;
    let literals = 0;
    for (const kind of kinds) if (kind === PageKind.LITERAL) literals++;
    if (2 * literals < kinds.length) return;
    this.#scan.scan(raw);
    this.whole = this.#scan;
  }

  /** Pages are asked for in ascending order. */
  of(page: number, bytes: Uint8Array): { scan: AnchorScan; first: number; end: number } {
    const scan = this.#scan;
    if (this.whole === undefined) {
      scan.scan(bytes);
      return { scan, first: 0, end: scan.count };
    }
    const start = page * this.#pageBytes;
    while (this.#next < scan.count && (scan.positions[this.#next] ?? 0) <= start) this.#next++;
    const first = this.#next;
    const stop = start + bytes.length;
    while (this.#next < scan.count && (scan.positions[this.#next] ?? 0) <= stop) this.#next++;
    return { scan, first, end: this.#next };
  }
}

/** Joins pages of one kind to runs. */
class RunList {
  readonly runs: { kind: PageKindNumber; pages: number; source: number }[] = [];

  add(kind: PageKindNumber, source: number): void {
    const last = this.runs.at(-1);
    const goesOn =
      last !== undefined &&
      last.kind === kind &&
      (kind !== PageKind.COPY || last.source + last.pages === source);
    if (goesOn) last.pages++;
    else this.runs.push({ kind, pages: 1, source });
  }
}
