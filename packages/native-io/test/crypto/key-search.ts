import { backend } from "@proj/native-io";
import { randomBytes } from "node:crypto";
import { closeSync, openSync, readFileSync, readSync } from "node:fs";

// Searches the memory of this process for a key before, while and after a ring holds it, and prints the three counts.
// The key is kept masked: where it is found, somebody else left it.
const engine = process.argv[2] === "openssl" ? "openssl" : "fastest";
const masked = new Uint32Array(new Uint8Array(randomBytes(32)).buffer);
const MASK = 0x5a5aa5a5;
const PART = 3;
const [begin, end] = [masked.subarray(0, PART), masked.subarray(-PART)];
const CHUNK = 2 ** 20;
const LARGEST_REGION = 2 ** 32;
const chunk = new Uint32Array(new SharedArrayBuffer(CHUNK));
const memory = openSync("/proc/self/mem", "r");

// As many that whatever else takes memory meanwhile cannot write over all of them.
const SLOTS = 256;
const ring = backend.crypto.createKeyRing(SLOTS, { engine });
// Keys that stay in between, lest the memory goes back to the kernel in one piece.
const neighbours = backend.crypto.createKeyRing(SLOTS, { engine });
const before = occurrences();
const key = new Uint32Array(new SharedArrayBuffer(32));
for (const [i, word] of masked.entries()) key[i] = word ^ MASK;
for (let slot = 0; slot < SLOTS; slot++) {
  ring.setKey(slot, "aes-256-gcm", new Uint8Array(key.buffer), new Uint8Array(12));
  neighbours.setKey(slot, "aes-256-gcm", new Uint8Array(randomBytes(32)), new Uint8Array(12));
}
key.fill(0);
const held = occurrences();
for (let slot = 0; slot < SLOTS; slot++) ring.dropKey(slot);
const dropped = occurrences();
closeSync(memory);
console.log(JSON.stringify({ before, held, dropped }));

function occurrences(): number {
  let found = 0;
  for (const [from, to] of writableRegions()) {
    for (let at = from; at < to; at += CHUNK) {
      const size = readAt(at, Math.min(CHUNK, to - at));
      found += countIn(size >> 2);
      // This buffer is memory of the process, too.
      chunk.fill(0);
    }
  }
  return found;
}

// Memory that was given back keeps its bytes, apart from the first ones, where the allocator takes notes: the end of the
// key is looked for as well as its beginning.
function countIn(words: number): number {
  let found = 0;
  for (let i = 0; i + PART <= words; i++) {
    const word = ((chunk[i] ?? 0) ^ MASK) >>> 0;
    if (word === begin[0] && continues(i, begin)) found++;
    if (word === end[0] && continues(i, end)) found++;
  }
  return found;
}

function continues(at: number, part: Uint32Array): boolean {
  return part.every((word, k) => ((chunk[at + k] ?? 0) ^ MASK) >>> 0 === word);
}

function readAt(position: number, size: number): number {
  try {
    return readSync(memory, new Uint8Array(chunk.buffer), 0, size, position);
  } catch {
    // The kernel keeps some of its pages from everybody.
    return 0;
  }
}

function writableRegions(): readonly (readonly [number, number])[] {
  const lines = readFileSync("/proc/self/maps", "utf8").split("\n");
  return lines.flatMap((line) => {
    const match = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line);
    if (match === null) return [];
    const [from, to] = [Number.parseInt(match[1] ?? "", 16), Number.parseInt(match[2] ?? "", 16)];
    // What is larger was reserved rather than used, as the shadow memory of a sanitizer.
    return to - from <= LARGEST_REGION ? [[from, to] as const] : [];
  });
}
