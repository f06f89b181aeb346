/** A stretch of memory that is moved together with others. */
export interface PagedPart {
  /** In bytes, whole pages. */
  readonly length: number;
  /** Where its pages come among those of all parts. */
  readonly firstPage: number;
}

/** Numbers the pages of parts, one part behind the other. */
export function placeParts<Part extends { readonly length: number }>(
  parts: readonly Part[],
  pageBytes: number,
): readonly (Part & PagedPart)[] {
  let firstPage = 0;
  return parts.map((part) => {
    const placed = { ...part, firstPage };
    firstPage += part.length / pageBytes;
    return placed;
  });
}

/**
 * Fills `into`, whole pages long, with what stands from `firstPage` on, by one `read` for each part that it lies in.
 *
 * @param read Fills its first argument with what stands at an offset of a part, in bytes.
 * @throws RangeError for pages that no part has.
 */
export async function readAcross<Part extends PagedPart>(
  parts: readonly Part[],
  pageBytes: number,
  into: Uint8Array,
  firstPage: number,
  read: (into: Uint8Array, part: Part, at: number) => Promise<void>,
): Promise<void> {
  let done = 0;
  while (done < into.length) {
    const page = firstPage + done / pageBytes;
    const part = parts.findLast((each) => each.firstPage <= page);
    const at = (page - (part?.firstPage ?? 0)) * pageBytes;
    if (part === undefined || at >= part.length) throw new RangeError(`there is no page ${page}`);
    const length = Math.min(into.length - done, part.length - at);
    await read(into.subarray(done, done + length), part, at);
    done += length;
  }
}
