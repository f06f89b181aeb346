import { Bool, type BridgeFrameChunk } from "../messages/generated/bridge.js";
import { HEADER_SLOT_BYTES } from "../region/layout.js";
import { type BridgeLimits, MAX_CHUNKS } from "./bridge-limits.js";
import { type BridgedFrame, chunkChecksum } from "./frame-chunks.js";

/** Why a chunk, or the frame it belongs to, was dropped. */
export type ChunkFault =
  | "malformed"
  | "tooLarge"
  | "checksum"
  | "conflict"
  | "tooManyOpen"
  | "wrongEpoch";

/** What became of a chunk. */
export type ChunkOutcome =
  | { readonly kind: "open" }
  | { readonly kind: "duplicate" }
  | { readonly kind: "whole"; readonly frame: BridgedFrame }
  | { readonly kind: "dropped"; readonly why: ChunkFault };

interface Assembly {
  readonly first: BridgeFrameChunk;
  readonly payload: Uint8Array;
  readonly chunks: ({ readonly offset: number; readonly length: number } | undefined)[];
  readonly startedNs: bigint;
  header: Uint8Array | undefined;
  filled: number;
  filledBytes: number;
}

/** A slot holds twice a number and one, which must be a safe integer. */
const MAX_SEQ = 2n ** 52n;

/**
 * Puts the frames of one source together again. Chunks may come in any order; a frame that is not whole in time is given up.
 * spec/tensor-pool.md §19
 */
export class FrameAssembler {
  /** Frames that were given up because they did not come whole in time. */
  timedOut = 0;
  readonly #limits: BridgeLimits;
  readonly #open = new Map<number, Assembly>();
  #epoch: bigint | undefined;
  #maxStrideBytes = Infinity;

  /** Drops everything until an epoch is known. */
  constructor(limits: BridgeLimits) {
    this.#limits = limits;
  }

  /**
   * Takes the epoch of the source, from its announce; frames of another one are forgotten.
   *
   * @param maxStrideBytes The most that a frame of the source can have; by default only the limits count.
   */
  setEpoch(epoch: bigint, maxStrideBytes: number = Infinity): void {
    this.#maxStrideBytes = maxStrideBytes;
    if (epoch === this.#epoch) return;
    this.#epoch = epoch;
    this.#open.clear();
  }

  /** Takes a chunk, and copies what it carries. */
  take(nowNs: bigint, chunk: BridgeFrameChunk): ChunkOutcome {
    const seq = Number(chunk.seq);
    const fault = this.#chunkFault(chunk);
    if (fault !== undefined) return { kind: "dropped", why: fault };
    let assembly = this.#open.get(seq);
    if (assembly === undefined) {
      if (this.#open.size >= this.#limits.maxOpen) {
        return { kind: "dropped", why: "tooManyOpen" };
      }
      assembly = {
        first: chunk,
        payload: new Uint8Array(chunk.payloadLength),
        chunks: [],
        startedNs: nowNs,
        header: undefined,
        filled: 0,
        filledBytes: 0,
      };
      this.#open.set(seq, assembly);
    }
    const outcome = place(assembly, chunk);
    if (outcome.kind === "whole" || outcome.kind === "dropped") this.#open.delete(seq);
    return outcome;
  }

  /** Gives up what was not whole in time. */
  tick(nowNs: bigint): void {
    for (const [seq, { startedNs }] of this.#open) {
      if (nowNs - startedNs < this.#limits.assemblyTimeoutNs) continue;
      this.#open.delete(seq);
      this.timedOut++;
    }
  }

  #chunkFault(chunk: BridgeFrameChunk): ChunkFault | undefined {
    const { maxPayloadBytes, maxChunkBytes, integrityCrc32c } = this.#limits;
    const { chunkIndex, chunkCount, chunkOffset, chunkLength, payloadLength } = chunk;
    const { headerBytes, payloadBytes } = chunk;
    if (chunk.epoch !== this.#epoch) return "wrongEpoch";
    if (payloadLength > maxPayloadBytes || chunkLength > maxChunkBytes) return "tooLarge";
    if (payloadLength > this.#maxStrideBytes) return "tooLarge";
    const first = chunkIndex === 0;
    const whole =
      chunk.seq < MAX_SEQ &&
      chunkCount >= 1 &&
      chunkCount <= MAX_CHUNKS &&
      chunkIndex < chunkCount &&
      chunkLength === payloadBytes.length &&
      chunkOffset + chunkLength <= payloadLength &&
      (!first || chunkOffset === 0) &&
      first === (chunk.headerIncluded === Bool.TRUE) &&
      headerBytes.length === (first ? HEADER_SLOT_BYTES : 0) &&
      (chunkLength > 0 || (payloadLength === 0 && chunkCount === 1));
    if (!whole) return "malformed";
    if (!integrityCrc32c) return undefined;
    const { payloadCrc32c } = chunk;
    const right = payloadCrc32c !== 0 && payloadCrc32c === chunkChecksum(headerBytes, payloadBytes);
    return right ? undefined : "checksum";
  }
}

function place(assembly: Assembly, chunk: BridgeFrameChunk): ChunkOutcome {
  const { first, chunks, payload } = assembly;
  const { chunkIndex, chunkCount, chunkOffset, chunkLength, payloadBytes } = chunk;
  const agrees =
    chunkCount === first.chunkCount &&
    chunk.payloadLength === first.payloadLength &&
    chunk.traceId === first.traceId;
  if (!agrees) return { kind: "dropped", why: "conflict" };
  const end = chunkOffset + chunkLength;
  const known = chunks[chunkIndex];
  if (known !== undefined) {
    const same =
      known.offset === chunkOffset &&
      known.length === chunkLength &&
      equal(payload.subarray(chunkOffset, end), payloadBytes) &&
      (chunkIndex > 0 || equal(assembly.header ?? payload, chunk.headerBytes));
    return same ? { kind: "duplicate" } : { kind: "dropped", why: "conflict" };
  }
  // Slices lie in the order of their numbers, so that the neighbours that are there tell every overlap.
  const before = chunks.slice(0, chunkIndex).findLast((each) => each !== undefined);
  const after = chunks.slice(chunkIndex + 1).find((each) => each !== undefined);
  const overlaps =
    (before !== undefined && before.offset + before.length > chunkOffset) ||
    (after !== undefined && end > after.offset);
  if (overlaps) return { kind: "dropped", why: "conflict" };
  chunks[chunkIndex] = { offset: chunkOffset, length: chunkLength };
  payload.set(payloadBytes, chunkOffset);
  if (chunkIndex === 0) assembly.header = chunk.headerBytes.slice();
  assembly.filled++;
  assembly.filledBytes += chunkLength;
  if (assembly.filled < chunkCount) return { kind: "open" };
  const { header, filledBytes } = assembly;
  if (header === undefined || filledBytes !== payload.length) {
    return { kind: "dropped", why: "conflict" };
  }
  const { streamId, epoch, traceId } = first;
  return {
    kind: "whole",
    frame: { streamId, epoch, seq: Number(first.seq), traceId, header, payload },
  };
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
