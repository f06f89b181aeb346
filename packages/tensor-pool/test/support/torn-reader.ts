// Reads a ring that is overwritten at full speed, in a thread of its own since it may block, and tells what it saw.
import { parentPort, workerData } from "node:worker_threads";
import { backend } from "@proj/native-io";
import { Consumer, Frame, type StreamLayout, waitForNextFrame } from "@proj/tensor-pool";
import { mapRegions } from "@proj/tensor-pool/node";
import { DescriptorWriter } from "#src/producer/descriptor-writer.js";
import { seqCommit } from "#src/region/slot-header.js";

/** What it is told. */
export interface TornReaderInput {
  readonly baseDir: string;
  readonly layout: StreamLayout;
  /** How many reads it tries. */
  readonly attempts: number;
  /** When it ends with fewer: a machine with one free core lets it read a few frames per turn only. */
  readonly limitMs: number;
  readonly waiting: "busy" | "blocking";
}

/** What it saw. */
export interface Tally {
  tried: number;
  whole: number;
  torn: number;
  overwritten: number;
  late: number;
  /** Descriptors that were refused for another reason than that they came late. */
  other: number;
}

const { baseDir, layout, attempts, limitMs, waiting } = workerData as TornReaderInput;
const folders = backend.shm.allow([baseDir]);
const stream = mapRegions(folders, layout);
const { fence } = backend.shm;
const consumer = new Consumer({ nowNs: () => 0n, fence, options: { maxOutstandingSeqGap: 0 } });
consumer.map(stream);
const descriptor = new DescriptorWriter(layout.streamId, layout.epoch);
const view = new DataView(descriptor.bytes.buffer);
const tally: Tally = { tried: 0, whole: 0, torn: 0, overwritten: 0, late: 0, other: 0 };
const { nslots } = stream;
const endMs = performance.now() + limitMs;
for (let index = 0; tally.tried < attempts; index = (index + 1) % nslots) {
  if (tally.whole > 0 && performance.now() > endMs) break;
  if (waiting === "blocking") waitForNextFrame(stream, consumer.lastSeq, backend.futex, 1);
  const state = seqCommit(stream.ring, index);
  const seq = Math.floor(state / 2);
  if (state % 2 === 0 || seq <= consumer.lastSeq) continue;
  tally.tried++;
  descriptor.write(seq, 0, undefined, undefined);
  const frame = consumer.accept(view, 0, 48);
  if (!(frame instanceof Frame)) {
    if (frame === "late") tally.late++;
    else tally.other++;
    continue;
  }
  const words = frame.values() as Uint32Array;
  let same = 0;
  for (const word of words) if (word === seq >>> 0) same++;
  if (!frame.stillValid()) tally.overwritten++;
  else if (same === words.length) tally.whole++;
  else tally.torn++;
}
consumer.unmap();
folders.close();
parentPort?.postMessage(tally);
