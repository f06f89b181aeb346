import { AtomicBuffer } from "@proj/aeron";
import { isWireError } from "@proj/wire-types";
import type { StreamLayout } from "../announce/announce.js";
import { readTensorShape } from "../region/tensor-shape.js";
import { BridgeFrameChunkDecoder, readBridgeFrameChunk } from "../messages/generated/bridge.js";
import { type RelayProducer, RelayResult } from "../producer/relay-producer.js";
import { SlotField } from "../region/slot-header.js";
import { type BridgeLimits, DEFAULT_BRIDGE_LIMITS } from "./bridge-limits.js";
import { type ChunkFault, FrameAssembler } from "./frame-assembler.js";
import type { BridgedFrame } from "./frame-chunks.js";

/** What became of what came over a bridge. */
export type BridgeOutcome =
  | "open"
  | "duplicate"
  | "published"
  | "otherStream"
  | "unannounced"
  | "badHeader"
  | "unknownPool"
  | "badLength"
  | "outOfOrder"
  | "noPool"
  | "leaseLost"
  | ChunkFault;

/**
 * The far end of a bridge: it puts frames together and publishes them in a stream of this host, under the numbers they have.
 *
 * ```
 *   unknown ──announce of the source──▶ open(epoch) ──announce, higher epoch──▶ open(epoch')
 * ```
 * What comes before the source was announced is dropped. spec/tensor-pool.md §19
 */
export class BridgeReceiver {
  /** What became of chunks, by outcome. */
  readonly counters: Partial<Record<BridgeOutcome, number>> = {};
  readonly #sourceStreamId: number;
  readonly #target: RelayProducer;
  readonly #assembler: FrameAssembler;
  readonly #decoder = new BridgeFrameChunkDecoder();
  #source: StreamLayout | undefined;

  /** Publishes the frames of `sourceStreamId` by `target`, whose only writer it is. */
  constructor(sourceStreamId: number, target: RelayProducer, limits: Partial<BridgeLimits> = {}) {
    this.#sourceStreamId = sourceStreamId;
    this.#target = target;
    this.#assembler = new FrameAssembler({ ...DEFAULT_BRIDGE_LIMITS, ...limits });
  }

  /** Frames that did not come whole in time. */
  get timedOut(): number {
    return this.#assembler.timedOut;
  }

  /** Takes a forwarded announce; it is never announced here. */
  announced(layout: StreamLayout): void {
    if (layout.streamId !== this.#sourceStreamId) return;
    if (this.#source !== undefined && layout.epoch < this.#source.epoch) return;
    this.#source = layout;
    const strides = layout.pools.map(({ strideBytes }) => strideBytes);
    this.#assembler.setEpoch(layout.epoch, Math.max(0, ...strides));
  }

  /** Takes the message at `offset`, its header counted. */
  receive(nowNs: bigint, view: DataView, offset: number, length: number): BridgeOutcome {
    const outcome = this.#receive(nowNs, view, offset, length);
    this.counters[outcome] = (this.counters[outcome] ?? 0) + 1;
    return outcome;
  }

  /** Gives up what was not whole in time. */
  tick(nowNs: bigint): void {
    this.#assembler.tick(nowNs);
  }

  #receive(nowNs: bigint, view: DataView, offset: number, length: number): BridgeOutcome {
    try {
      const chunk = readBridgeFrameChunk(this.#decoder.wrap(view, offset, offset + length));
      if (chunk.streamId !== this.#sourceStreamId) return "otherStream";
      if (this.#source === undefined) return "unannounced";
      const outcome = this.#assembler.take(nowNs, chunk);
      if (outcome.kind === "dropped") return outcome.why;
      return outcome.kind === "whole" ? this.#publish(this.#source, outcome.frame) : outcome.kind;
    } catch (error) {
      if (isWireError(error)) return "malformed";
      throw error;
    }
  }

  #publish(source: StreamLayout, frame: BridgedFrame): BridgeOutcome {
    const slot = new AtomicBuffer(frame.header);
    const shape = readTensorShape(slot.view, 0);
    if (shape === undefined) return "badHeader";
    const poolId = slot.view.getUint16(SlotField.poolId, true);
    const pool = source.pools.find((each) => each.poolId === poolId);
    if (pool === undefined) return "unknownPool";
    const { payload, seq, header, traceId } = frame;
    const said = slot.view.getUint32(SlotField.valuesLenBytes, true);
    if (said !== payload.length || payload.length > pool.strideBytes) return "badLength";
    if (payload.length > 0 && shape.extentBytes > payload.length) return "badHeader";
    switch (this.#target.publish({ seq, header, payload, traceId })) {
      case RelayResult.noPool:
        return "noPool";
      case RelayResult.leaseLost:
        return "leaseLost";
      case RelayResult.outOfOrder:
        return "outOfOrder";
      default:
        return "published";
    }
  }
}
