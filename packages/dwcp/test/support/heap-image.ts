import { SeededRandom } from "@proj/wire-types";

const ROWS = 60_000;
const ROW_BYTES = 176;
const LINKS = 3;
const OLD_SPACE = 0x2a00_0000;
const NEW_SPACE = OLD_SPACE + ROWS * ROW_BYTES;
const MAPS = [0x1f3a_c8d1, 0x1f3b_0049, 0x1f3b_11e9];
const GARBAGE_SHARE = 0.2;

/**
 * Two states of a heap, made without a process: rows of pointers, numbers, hashes and text, of which three in five were made anew in
 * fresh memory, and the pointers to them with them. The same bytes each time.
 */
export function heapImages(): { readonly before: Uint8Array; readonly after: Uint8Array } {
  const random = new SeededRandom(11);
  const bytes = Math.ceil((ROWS * ROW_BYTES * 1.8) / 4_096) * 4_096;
  const before = Buffer.alloc(bytes);
  for (let id = 0; id < ROWS; id++) writeRow(before, id * ROW_BYTES, id, 0, random);
  // Fresh memory holds what died there.
  const garbage = Math.floor(ROWS * GARBAGE_SHARE);
  for (let at = 0; at < garbage; at++) {
    writeRow(before, (ROWS + at) * ROW_BYTES, (at * 7) % ROWS, 1, random);
  }
  const after = Buffer.from(before);
  let fresh = ROWS;
  for (let id = 0; id < ROWS; id++) {
    if (id % 5 > 2) continue;
    writeRow(after, fresh * ROW_BYTES, id, 2, random);
    // Whoever points to the row points there now.
    after.writeUInt32LE(NEW_SPACE + (fresh - ROWS) * ROW_BYTES, ((id * 31) % ROWS) * ROW_BYTES + 8);
    fresh++;
  }
  return { before, after };
}

function writeRow(
  into: Buffer,
  at: number,
  id: number,
  version: number,
  random: SeededRandom,
): void {
  const here = OLD_SPACE + at;
  const owner = `owner-${(id * 7_919) % 1_000}`;
  const text = `row ${id} of ${owner} in version ${version} ${id * 31}`;
  into.fill(0, at, at + ROW_BYTES);
  into.writeUInt32LE(MAPS[0] ?? 0, at);
  into.writeUInt32LE(here + 48, at + 8);
  into.writeUInt32LE(OLD_SPACE + ((id * 7_919) % 1_000) * 32, at + 16);
  into.writeUInt32LE(id, at + 28);
  into.writeUInt32LE(version, at + 36);
  into.writeUInt32LE(MAPS[1] ?? 0, at + 48);
  into.writeUInt32LE(id * version, at + 60);
  // Other rows, wherever they are by now.
  for (let link = 0; link < LINKS; link++) {
    const place = at + 72 + 8 * link;
    random.fill(into.subarray(place, place + 4));
    const other = into.readUInt32LE(place) % ROWS;
    into.writeUInt32LE(OLD_SPACE + other * ROW_BYTES, place);
  }
  into.writeUInt32LE(MAPS[2] ?? 0, at + 96);
  random.fill(into.subarray(at + 104, at + 108));
  into.writeUInt32LE(text.length, at + 108);
  into.write(text, at + 112);
}
