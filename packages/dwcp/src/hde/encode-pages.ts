import { MAX_SIMILAR_PAGES } from "./anchor-engine.js";
import type { AnchorScan } from "./anchor-scan.js";
import type { UnitSettings } from "./encode-unit.js";
import type { HdePlatform } from "./hde-platform.js";
import type { Reference } from "./reference.js";
import type { PageKindNumber, PageRun } from "./page-ops.js";
import { PageKind } from "./page-ops.js";
import { type ByteRange, joinRanges } from "./ranges.js";

// More than this many times the literals, a prefix costs more to load than it gains. spec/dwcp.md B11
const PREFIX_FACTOR = 4;
const MIN_PREFIX_BYTES = 65_536;

/** What PAGES says about a unit, before its literals are compressed. */
export interface PagePlan {
  readonly runs: readonly PageRun[];
  /** Bytes of the literal pages. */
  readonly literalBytes: number;
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
 * @param scan Memory for anchors.
 * @see spec/dwcp.md B10
 */
export function planPages(
  raw: Uint8Array,
  rawOffset: number,
  kinds: Uint8Array,
  reference: Reference,
  { pageBytes, platform }: Pick<UnitSettings, "pageBytes" | "platform">,
  scan: AnchorScan,
): PagePlan {
  const firstPage = rawOffset / pageBytes;
  const runs = new RunList();
  const literalStarts: number[] = [];
  const own: ByteRange[] = [];
  const alike: ByteRange[] = [];
  const pages = new PageAnchors(raw, kinds, firstPage, reference, { pageBytes, platform }, scan);
  for (let page = 0; page < kinds.length; page++) {
    const kind = kinds[page] as PageKindNumber;
    if (kind !== PageKind.LITERAL) {
      runs.add(kind, 0);
      continue;
    }
    const bytes = raw.subarray(page * pageBytes, (page + 1) * pageBytes);
    const candidates = pages.likeOf(page, bytes);
    const moved = candidates.find((candidate) =>
      holdsPage(reference, candidate * pageBytes, bytes, platform),
    );
    if (moved !== undefined) {
      runs.add(PageKind.COPY, moved);
      continue;
    }
    runs.add(PageKind.LITERAL, 0);
    literalStarts.push(page * pageBytes);
    if (reference.isInPlace)
      own.push(rangeOf(reference, (firstPage + page) * pageBytes, pageBytes));
    for (const candidate of candidates) {
      alike.push(rangeOf(reference, candidate * pageBytes, pageBytes));
    }
  }
  const literalBytes = literalBytesOf(raw, literalStarts, pageBytes);
  const room = Math.max(MIN_PREFIX_BYTES, PREFIX_FACTOR * literalBytes);
  const prefix = fit([...own, ...alike], room);
  return { runs: runs.runs, literalBytes, literalStarts, prefix, scan: pages.whole };
}

/** Puts the literal pages of a unit behind each other. */
export function gatherLiterals(
  raw: Uint8Array,
  { literalStarts }: Pick<PagePlan, "literalStarts">,
  pageBytes: number,
  into: Uint8Array,
): void {
  for (let first = 0, at = 0; first < literalStarts.length;) {
    const start = literalStarts[first] ?? 0;
    let next = first + 1;
    while (literalStarts[next] === start + (next - first) * pageBytes) next++;
    const piece = raw.subarray(start, start + (next - first) * pageBytes);
    into.set(piece, at);
    at += piece.length;
    first = next;
  }
}

function literalBytesOf(raw: Uint8Array, starts: readonly number[], pageBytes: number): number {
  const last = starts.at(-1);
  if (last === undefined) return 0;
  // The last page of an object may be short.
  return (starts.length - 1) * pageBytes + Math.min(pageBytes, raw.length - last);
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

/** Finds the like of the pages of a unit: of all of them at once where most have changed, one by one otherwise. */
class PageAnchors {
  readonly whole: AnchorScan | undefined;
  readonly #firstPage: number;
  readonly #reference: Reference;
  readonly #settings: Pick<UnitSettings, "pageBytes" | "platform">;
  readonly #scan: AnchorScan;
  readonly #rows: Int32Array | undefined;

  constructor(
    raw: Uint8Array,
    kinds: Uint8Array,
    firstPage: number,
    reference: Reference,
    settings: Pick<UnitSettings, "pageBytes" | "platform">,
    scan: AnchorScan,
  ) {
    this.#firstPage = firstPage;
    this.#reference = reference;
    this.#settings = settings;
    this.#scan = scan;
    const wanted = kinds.map((kind) => (kind === PageKind.LITERAL ? 1 : 0));
    const literals = wanted.reduce((sum, one) => sum + one, 0);
    if (2 * literals < kinds.length) return;
    settings.platform.anchors.scan(raw, scan);
    this.whole = scan;
    this.#rows = this.#similar(wanted, 0);
  }

  /** Gives the numbers of the baseline's pages that are like a page, the most similar first. */
  likeOf(page: number, bytes: Uint8Array): readonly number[] {
    const { anchors } = this.#settings.platform;
    if (this.#reference.anchors === undefined) return [];
    if (this.#rows !== undefined) return listOf(this.#rows, page * MAX_SIMILAR_PAGES);
    anchors.scan(bytes, this.#scan);
    return listOf(this.#similar(ONE_PAGE, page) ?? NO_ROWS, 0);
  }

  #similar(wanted: Uint8Array, page: number): Int32Array | undefined {
    const { anchors: index, isInPlace } = this.#reference;
    if (index === undefined) return undefined;
    const { pageBytes, platform } = this.#settings;
    const here = isInPlace ? this.#firstPage + page : -1;
    return platform.anchors.similar(this.#scan, { slots: index.slots, pageBytes, wanted, here });
  }
}

const ONE_PAGE = new Uint8Array([1]);
const NO_ROWS = new Int32Array(0);

function listOf(rows: Int32Array, start: number): number[] {
  const list: number[] = [];
  for (let at = start; at < start + MAX_SIMILAR_PAGES; at++) {
    const page = rows[at] ?? -1;
    if (page < 0) break;
    list.push(page);
  }
  return list;
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
