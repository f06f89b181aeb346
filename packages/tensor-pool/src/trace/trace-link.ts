import { isWireError } from "@proj/wire-types";
import {
  encodeTraceLinkSet,
  readTraceLinkSet,
  TraceLinkSetDecoder,
} from "../messages/generated/trace-link.js";
import type { TraceIds } from "./trace-id.js";

/** Which frames a frame was made of. spec/tensor-pool.md §17 */
export interface TraceLink {
  /** The stream of the frame that was made. */
  readonly streamId: number;
  /** Its epoch. */
  readonly epoch: bigint;
  /** The frame. */
  readonly seq: number;
  /** Its id. */
  readonly traceId: bigint;
  /** The ids of what it was made of, in the order in which they were seen. */
  readonly parents: readonly bigint[];
}

/** What a stage gives to a frame that it makes. */
export interface StageTrace {
  /** The frame's id; `undefined` where none of its inputs has one. */
  readonly traceId: bigint | undefined;
  /** Parents to publish, once the frame's number is known; empty where the id says it all. */
  readonly parents: readonly bigint[];
}

/** Decides the id of a frame that is made of others: none mints, one is copied, several mint and are linked. */
export function traceStage(ids: TraceIds, inputs: readonly (bigint | undefined)[]): StageTrace {
  const parents = [...new Set(inputs.filter((id) => id !== undefined && id !== 0n))];
  const [only] = parents;
  if (inputs.length === 0) return { traceId: ids.mint(), parents: [] };
  if (parents.length <= 1) return { traceId: only, parents: [] };
  return { traceId: ids.mint(), parents: parents.filter((id) => id !== undefined) };
}

/** Tells what is wrong with a link; `undefined` when nothing is. */
export function traceLinkFault(link: TraceLink): string | undefined {
  if (link.traceId === 0n) return "its traceId is 0";
  if (link.parents.length === 0) return "it has no parents";
  if (link.parents.includes(0n)) return "a parent is 0";
  if (new Set(link.parents).size !== link.parents.length) return "a parent comes twice";
  return undefined;
}

/** Encodes a link. @throws `RangeError` for one that no reader would take. */
export function encodeTraceLink(link: TraceLink): Uint8Array {
  const fault = traceLinkFault(link);
  if (fault !== undefined) throw new RangeError(fault);
  return encodeTraceLinkSet({
    streamId: link.streamId,
    epoch: link.epoch,
    seq: BigInt(link.seq),
    traceId: link.traceId,
    parents: link.parents.map((traceId) => ({ traceId })),
  });
}

const decoder = new TraceLinkSetDecoder();

/** Reads the message at `offset`, its header counted. @returns The link, or the sentence that says what is wrong. */
export function decodeTraceLink(
  view: DataView,
  offset: number,
  length: number,
): TraceLink | string {
  try {
    const set = readTraceLinkSet(decoder.wrap(view, offset, offset + length));
    const { streamId, epoch, traceId } = set;
    const seq = Number(set.seq);
    if (!Number.isSafeInteger(seq)) return `its seq is ${set.seq}`;
    const parents = set.parents.map((parent) => parent.traceId);
    const link = { streamId, epoch, seq, traceId, parents };
    return traceLinkFault(link) ?? link;
  } catch (error) {
    if (isWireError(error)) return error.message;
    throw error;
  }
}
