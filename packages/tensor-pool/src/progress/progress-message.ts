import { headerField } from "@proj/sbe";
import {
  encodeFrameProgress,
  type FrameProgressState,
  isFrameProgressState,
  MESSAGE_HEADER,
  SCHEMA_ID,
  SCHEMA_VERSION,
  TemplateId,
} from "../messages/generated/wire.js";

/** How much of a frame is written, as a message says it. spec/tensor-pool.md §10, §20 */
export interface ProgressMessage {
  /** The stream. */
  readonly streamId: number;
  /** The generation of its regions. */
  readonly epoch: bigint;
  /** The frame. */
  readonly seq: number;
  /** The slot, where version 1.1 says it. */
  readonly headerIndex: number | undefined;
  /** Bytes from the beginning that are written. */
  readonly filledBytes: number;
  /** How far it is. */
  readonly state: FrameProgressState;
}

const HEADER_BYTES = 8;
const BLOCK = 29;
const OLD_BLOCK = 33;

/** Encodes a message of version 1.2. */
export function encodeProgress(message: Omit<ProgressMessage, "headerIndex">): Uint8Array {
  return encodeFrameProgress({
    streamId: message.streamId,
    epoch: message.epoch,
    seq: BigInt(message.seq),
    payloadBytesFilled: BigInt(message.filledBytes),
    state: message.state,
  });
}

/**
 * Reads the message at `offset`, its header counted, of wire version 1.2 or 1.1, which tell themselves apart by their length.
 *
 * @returns `undefined` for what is no such message.
 */
export function readProgress(
  view: DataView,
  offset: number,
  length: number,
): ProgressMessage | undefined {
  if (length < HEADER_BYTES + BLOCK) return undefined;
  const field = (name: "blockLength" | "schemaId" | "templateId" | "version"): number =>
    headerField(view, offset, MESSAGE_HEADER, name);
  const block = field("blockLength");
  const ours = field("schemaId") === SCHEMA_ID && field("templateId") === TemplateId.FrameProgress;
  if (!ours || field("version") > SCHEMA_VERSION) return undefined;
  if (block > length - HEADER_BYTES || block < BLOCK) return undefined;
  if (block !== BLOCK && block < OLD_BLOCK) return undefined;
  const at = offset + HEADER_BYTES;
  const old = block === OLD_BLOCK;
  const filledAt = old ? at + 24 : at + 20;
  const seq = Number(view.getBigUint64(at + 12, true));
  const filledBytes = Number(view.getBigUint64(filledAt, true));
  const state = view.getUint8(filledAt + 8);
  if (!isFrameProgressState(state)) return undefined;
  if (!Number.isSafeInteger(seq) || !Number.isSafeInteger(filledBytes)) return undefined;
  return {
    streamId: view.getUint32(at, true),
    epoch: view.getBigUint64(at + 4, true),
    seq,
    headerIndex: old ? view.getUint32(at + 20, true) : undefined,
    filledBytes,
    state,
  };
}
