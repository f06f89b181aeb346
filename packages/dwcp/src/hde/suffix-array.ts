/**
 * Sorts all suffixes of `bytes` in linear time (SA-IS): the positions of the suffixes in ascending order.
 *
 * It takes about 17 bytes of memory per byte.
 *
 * @see spec/dwcp.md B11
 */
export function suffixArray(bytes: Uint8Array): Int32Array {
  const text = new Int32Array(bytes.length + 1);
  for (let at = 0; at < bytes.length; at++) text[at] = (bytes[at] ?? 0) + 1;
  // The sentinel, smaller than every byte, is the first suffix of the result.
  return induce(text, 257).subarray(1);
}

const EMPTY = -1;

function induce(text: Int32Array, alphabet: number): Int32Array {
  const length = text.length;
  const isSmaller = classify(text);
  const isStart = (at: number) => at > 0 && isSmaller[at] === 1 && isSmaller[at - 1] === 0;
  const counts = new Int32Array(alphabet + 1);
  for (const symbol of text) counts[symbol] = (counts[symbol] ?? 0) + 1;

  const order = new Int32Array(length);
  const starts: number[] = [];
  for (let at = 1; at < length; at++) if (isStart(at)) starts.push(at);
  placeAndSort(text, isSmaller, counts, order, Int32Array.from(starts));

  // Names the sorted LMS substrings; where two are equal they share one.
  const sorted = order.filter((at) => isStart(at));
  const names = new Int32Array(length).fill(EMPTY);
  let name = 0;
  let before = EMPTY;
  for (const at of sorted) {
    if (before !== EMPTY && !sameSubstring(text, isSmaller, before, at)) name++;
    names[at] = name;
    before = at;
  }
  const reduced = Int32Array.from(starts, (at) => names[at] ?? 0);
  const ranked = name + 1 < starts.length ? induce(reduced, name + 1) : rankUnique(reduced);
  placeAndSort(
    text,
    isSmaller,
    counts,
    order,
    ranked.map((at) => starts[at] ?? 0),
  );
  return order;
}

// 1 where the suffix is smaller than the next one (type S), 0 where it is larger (type L).
function classify(text: Int32Array): Uint8Array {
  const types = new Uint8Array(text.length);
  types[text.length - 1] = 1;
  for (let at = text.length - 2; at >= 0; at--) {
    const here = text[at] ?? 0;
    const next = text[at + 1] ?? 0;
    types[at] = here < next || (here === next && types[at + 1] === 1) ? 1 : 0;
  }
  return types;
}

function rankUnique(reduced: Int32Array): Int32Array {
  const ranked = new Int32Array(reduced.length);
  for (let at = 0; at < reduced.length; at++) ranked[reduced[at] ?? 0] = at;
  return ranked;
}

// Puts the LMS suffixes at the ends of their buckets, then sorts all others by them: L from the left, S from the right.
function placeAndSort(
  text: Int32Array,
  isSmaller: Uint8Array,
  counts: Int32Array,
  order: Int32Array,
  lms: Int32Array,
): void {
  order.fill(EMPTY);
  const tails = bucketTails(counts);
  for (let at = lms.length - 1; at >= 0; at--) {
    const position = lms[at] ?? 0;
    const symbol = text[position] ?? 0;
    tails[symbol] = (tails[symbol] ?? 0) - 1;
    order[tails[symbol] ?? 0] = position;
  }
  const heads = bucketHeads(counts);
  for (let at = 0; at < order.length; at++) {
    const before = (order[at] ?? 0) - 1;
    if (before < 0 || isSmaller[before] === 1) continue;
    const symbol = text[before] ?? 0;
    const head = heads[symbol] ?? 0;
    order[head] = before;
    heads[symbol] = head + 1;
  }
  const ends = bucketTails(counts);
  for (let at = order.length - 1; at >= 0; at--) {
    const before = (order[at] ?? 0) - 1;
    if (before < 0 || isSmaller[before] === 0) continue;
    const symbol = text[before] ?? 0;
    ends[symbol] = (ends[symbol] ?? 0) - 1;
    order[ends[symbol] ?? 0] = before;
  }
}

function bucketHeads(counts: Int32Array): Int32Array {
  const heads = new Int32Array(counts.length);
  let sum = 0;
  for (let symbol = 0; symbol < counts.length; symbol++) {
    heads[symbol] = sum;
    sum += counts[symbol] ?? 0;
  }
  return heads;
}

function bucketTails(counts: Int32Array): Int32Array {
  const tails = new Int32Array(counts.length);
  let sum = 0;
  for (let symbol = 0; symbol < counts.length; symbol++) {
    sum += counts[symbol] ?? 0;
    tails[symbol] = sum;
  }
  return tails;
}

function sameSubstring(text: Int32Array, isSmaller: Uint8Array, a: number, b: number): boolean {
  for (let at = 0; ; at++) {
    if (a + at >= text.length || b + at >= text.length) return false;
    if (text[a + at] !== text[b + at] || isSmaller[a + at] !== isSmaller[b + at]) return false;
    if (at > 0 && isSmaller[a + at] === 1 && isSmaller[a + at - 1] === 0) return true;
  }
}
