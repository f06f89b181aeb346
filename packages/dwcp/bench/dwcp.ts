// What a transfer sends, byte for byte: the encoded units with header and frame, and everything decoded again and compared.
import { type Fact, runSuite } from "@proj/bench";
import {
  CHUNK_HEADER_BYTES,
  type DeltaAlgorithm,
  decodeMemory,
  decodeUnit,
  FRAME_HEADER_BYTES,
  indexOf,
  memorySource,
  ObjectEncoder,
  OwnData,
  OwnWorth,
  resolveDwcpLimits,
  SLOT_SELF,
  type UnitBody,
} from "@proj/dwcp";
import { nodeHdePlatform } from "@proj/dwcp/node";
import { readFileSync } from "node:fs";
import { anchorsOf } from "./data/anchors.js";
import { binaryPair } from "./data/binary-pair.js";
import { packagePair } from "./data/package-pair.js";
import type { Pair } from "./data/pair.js";
import { memoryPairs } from "./data/process-memory.js";
import { sqlitePair } from "./data/sqlite-pair.js";

const MIB = 2 ** 20;
const PAGE_BYTES = 4_096;
// How many units are under way when the next one is encoded.
const UNDER_WAY = 8;
const EXTENT_BYTES = 4 * MIB;
const WARM_UP_PAIRS = 3;
// A pass over a file takes 10 to 40 ms: one alone says more of the clock, and of what is compiled meanwhile, than of decoding.
const DECODINGS = 8;
const OVERHEAD_BYTES = CHUNK_HEADER_BYTES + FRAME_HEADER_BYTES;

const limits = resolveDwcpLimits();
const platform = await nodeHdePlatform();

await runSuite({
  name: "dwcp",
  question: "How many bytes does a changed state take, and how fast is it encoded and decoded?",
  cases: [],
  facts: measure,
});

async function measure(): Promise<readonly Fact[]> {
  const facts: Fact[] = [];
  const pairs = [
    ...(await memoryPairs()),
    ...sqlitePair(),
    ...packagePair(),
    ...binaryPair(),
    ...given(),
  ];
  // A node encodes many objects: what is measured is not its first.
  for (const pair of pairs.slice(0, WARM_UP_PAIRS)) send(pair, pair.before);
  for (const pair of pairs) facts.push(...measurePair(pair));
  facts.push(...trivialPattern());
  return facts;
}

/** `DWCP_PAIRS=old:new,old:new`: files of one's own. */
function given(): Pair[] {
  const list = (process.env["DWCP_PAIRS"] ?? "").split(",").filter((text) => text !== "");
  return list.map((text) => {
    const [before = "", after = ""] = text.split(":");
    return {
      name: after,
      kind: "files",
      before: readFileSync(before),
      after: readFileSync(after),
    };
  });
}

function measurePair(pair: Pair): Fact[] {
  const anchors = anchorsOf(pair);
  const delta = send(pair, pair.before);
  const first = send(pair, undefined);
  const at = (what: string) => `${pair.name}: ${what}`;
  const facts: Fact[] = [
    { name: at("raw"), value: pair.after.length / MIB, unit: "MiB" },
    { name: at("sent"), value: delta.bytes / 1_000, unit: "kB" },
    { name: at("indexing the baseline"), value: delta.indexRate, unit: "MB/s" },
    { name: at("encoding"), value: delta.encodeRate, unit: "MB/s", ...encodeTarget(pair.kind) },
    { name: at("decoding"), value: delta.decodeRate, unit: "MB/s", target: { atLeast: 1_000 } },
    { name: at("decoding, first pass"), value: delta.firstDecodeRate, unit: "MB/s" },
    { name: at("first copy"), value: first.bytes / 1_000, unit: "kB" },
    { name: at("first copy, encoding"), value: first.encodeRate, unit: "MB/s" },
  ];
  const compared: [string, number, number | undefined][] = [
    ["XOR + zstd -3", delta.bytes, 1],
    ["rsync batch + zstd -3", delta.bytes, 1],
    ["zstd -3 --patch-from", delta.bytes, pair.kind === "fewPages" ? 1.15 : 1],
    ["zstd -3", first.bytes, undefined],
    ["zstd -3 --long=30", first.bytes, pair.kind === "files" ? undefined : 1],
  ];
  for (const [name, ours, most] of compared) {
    facts.push(...against(at(name), ours, anchors.get(name), most));
  }
  if (anchors.has("bsdiff")) {
    const best = send(pair, pair.before, "bsdiff");
    facts.push(...against(at("bsdiff, best mode"), best.bytes, anchors.get("bsdiff"), 1.05));
  }
  return facts;
}

function encodeTarget(kind: Pair["kind"]): Pick<Fact, "target"> {
  if (kind === "files") return {};
  return { target: { atLeast: kind === "fewPages" ? 1_500 : 400 } };
}

function against(
  name: string,
  ours: number,
  theirs: number | undefined,
  most: number | undefined,
): Fact[] {
  if (theirs === undefined) return [];
  const ratio: Fact = { name: `${name}, ours to it`, value: ours / theirs, unit: "×" };
  return [
    { name, value: theirs / 1_000, unit: "kB" },
    most === undefined ? ratio : { ...ratio, target: { atMost: most } },
  ];
}

interface Sent {
  readonly bytes: number;
  /** In MB of raw bytes per second of CPU time. */
  readonly indexRate: number;
  readonly encodeRate: number;
  readonly firstDecodeRate: number;
  readonly decodeRate: number;
}

function send(
  { name, after }: Pick<Pair, "name" | "after">,
  before: Uint8Array | undefined,
  algorithm: DeltaAlgorithm = "auto",
): Sent {
  const object = memorySource(after);
  const old = before === undefined ? undefined : memorySource(before);
  const [indexUs, anchors] = timed(() => (old === undefined ? undefined : indexOf(old, platform)));
  const own = new OwnData(object, platform, old);
  const encoder = new ObjectEncoder(
    object,
    old === undefined ? undefined : { slot: 0, source: old, anchors, isInPlace: true },
    {
      platform,
      algorithm,
      brotli: "agreed",
      pageBytes: PAGE_BYTES,
      level: 3,
      chunkBytes: 262_144,
      maxUnitRawBytes: limits.maxUnitRawBytes,
      // Best mode splits nothing: a peer that wants it agrees on long frames.
      maxEncodedBytes:
        (algorithm === "auto" ? limits.maxFrameBytes : 16 * MIB) - CHUNK_HEADER_BYTES,
    },
  );
  const units: UnitBody[] = [];
  const [encodeUs] = timed(() => {
    const worth = new OwnWorth(old === undefined ? "none" : "baseline");
    for (let at = 0; at < after.length; at += EXTENT_BYTES) {
      const length = Math.min(EXTENT_BYTES, after.length - at);
      for (const unit of encoder.encode(at, length, own.reference())) {
        units.push(unit);
        worth.note(unit);
      }
      // As a sender does on a slow link: what has arrived is referred to where that pays.
      if (!worth.pays) continue;
      const arrived = units[units.length - 1 - UNDER_WAY];
      if (arrived !== undefined) own.acknowledge(0, arrived.rawOffset + arrived.rawBytes);
    }
  });
  // Touched before the clock runs, since its pages belong to the harness; and what no unit writes is seen.
  const stored = new Uint8Array(after.length).fill(0xa5);
  const self = memorySource(stored);
  const context = {
    platform,
    limits,
    pageBytes: PAGE_BYTES,
    baseline: (slot: number) => (slot === SLOT_SELF ? self : old),
    dictionary: () => undefined,
    memory: decodeMemory(),
  };
  const decode = () => {
    for (const unit of units) {
      decodeUnit(unit, context, stored.subarray(unit.rawOffset, unit.rawOffset + unit.rawBytes));
    }
  };
  // Who decodes does nothing else: what encoding left for the collector is not its work. The first pass is told apart.
  const [firstDecodeUs] = timed(decode);
  let decodeUs = 0;
  for (let pass = 0; pass < DECODINGS; pass++) {
    stored.fill(0xa5);
    decodeUs += timed(decode)[0] / DECODINGS;
    if (!platform.equal(stored, after)) throw new Error(`${name} came out wrong`);
  }
  return {
    bytes: units.reduce((sum, { encoded }) => sum + encoded.length + OVERHEAD_BYTES, 0),
    indexRate: (before?.length ?? 0) / indexUs,
    encodeRate: after.length / encodeUs,
    firstDecodeRate: after.length / firstDecodeUs,
    decodeRate: after.length / decodeUs,
  };
}

/** 8 MiB of one string: a test of run handling and of nothing else. */
function trivialPattern(): Fact[] {
  const after = Buffer.alloc(8 * MIB, "NovaCron state payload ");
  const stock = platform.zstd.compress(after, { level: 3 }).length;
  const ours = send({ name: "one string", after }, undefined).bytes;
  return [
    { name: "one string repeated, 8 MiB: ours", value: after.length / ours, unit: "×" },
    { name: "one string repeated, 8 MiB: stock zstd", value: after.length / stock, unit: "×" },
  ];
}

function timed<T>(work: () => T): [number, T] {
  const before = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(before);
  return [Math.max(1, user + system), result];
}
