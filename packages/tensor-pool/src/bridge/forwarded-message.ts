import { headerField, viewOf } from "@proj/sbe";
import {
  SCHEMA_ID as TRACE_SCHEMA,
  TemplateId as Trace,
} from "../messages/generated/trace-link.js";
import {
  MESSAGE_HEADER,
  SCHEMA_ID as WIRE_SCHEMA,
  TemplateId as Wire,
} from "../messages/generated/wire.js";

/** What a bridge or a rate limiter forwards besides frames. spec/tensor-pool.md §19 */
export interface ForwardingOptions {
  /** Names and meanings; by default they are. */
  readonly metadata: boolean;
  /** Which frames a frame was made of; by default not. */
  readonly traceLinks: boolean;
  /** How both sides fare; by default not. */
  readonly qos: boolean;
  /** How far frames are; by default not. */
  readonly progress: boolean;
}

/** What is forwarded where nothing is said. */
export const DEFAULT_FORWARDING: ForwardingOptions = {
  metadata: true,
  traceLinks: false,
  qos: false,
  progress: false,
};

/** The stream that messages speak of at the far end. */
export interface ForwardTarget {
  /** The stream. */
  readonly streamId: number;
  /** Its epoch. */
  readonly epoch: bigint;
}

const HEADER_BYTES = 8;

interface Forwardable {
  readonly option: keyof ForwardingOptions;
  /** Where the epoch lies in the block; `undefined` where there is none. */
  readonly epochAt: number | undefined;
}

const FORWARDABLE = new Map<number, Forwardable>([
  [key(WIRE_SCHEMA, Wire.DataSourceAnnounce), { option: "metadata", epochAt: 8 }],
  [key(WIRE_SCHEMA, Wire.DataSourceMeta), { option: "metadata", epochAt: undefined }],
  [key(WIRE_SCHEMA, Wire.MetaBlobAnnounce), { option: "metadata", epochAt: undefined }],
  [key(WIRE_SCHEMA, Wire.MetaBlobChunk), { option: "metadata", epochAt: undefined }],
  [key(WIRE_SCHEMA, Wire.MetaBlobComplete), { option: "metadata", epochAt: undefined }],
  [key(WIRE_SCHEMA, Wire.QosConsumer), { option: "qos", epochAt: 8 }],
  [key(WIRE_SCHEMA, Wire.QosProducer), { option: "qos", epochAt: 8 }],
  [key(WIRE_SCHEMA, Wire.FrameProgress), { option: "progress", epochAt: 4 }],
  [key(TRACE_SCHEMA, Trace.TraceLinkSet), { option: "traceLinks", epochAt: 4 }],
]);

/**
 * Copies a message that speaks of `sourceStreamId` so that it speaks of `target`.
 *
 * @returns `undefined` for a message of another stream, or of a kind that is not forwarded.
 */
export function forwardedMessage(
  view: DataView,
  offset: number,
  length: number,
  sourceStreamId: number,
  target: ForwardTarget,
  options: ForwardingOptions,
): Uint8Array | undefined {
  if (length < HEADER_BYTES + 16) return undefined;
  const field = (name: "schemaId" | "templateId"): number =>
    headerField(view, offset, MESSAGE_HEADER, name);
  const known = FORWARDABLE.get(key(field("schemaId"), field("templateId")));
  if (known === undefined || !options[known.option]) return undefined;
  if (view.getUint32(offset + HEADER_BYTES, true) !== sourceStreamId) return undefined;
  const bytes = new Uint8Array(view.buffer, view.byteOffset + offset, length).slice();
  const copy = viewOf(bytes);
  copy.setUint32(HEADER_BYTES, target.streamId, true);
  if (known.epochAt !== undefined) {
    copy.setBigUint64(HEADER_BYTES + known.epochAt, target.epoch, true);
  }
  return bytes;
}

function key(schemaId: number, templateId: number): number {
  return schemaId * 0x1_0000 + templateId;
}
