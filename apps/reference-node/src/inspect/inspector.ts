import { isWireError, type WireError } from "@proj/wire-types";
import {
  decompressBody,
  Flag,
  type FrameHeader,
  FrameReader,
  MsgType,
  tagValue,
} from "@proj/xcp-framing";
import { nodePlatform } from "@proj/xcp-framing/node";
import { describeBody, describeControl } from "./body-text.js";
import { bodyFields } from "./body-fields.js";
import { capnpFields } from "./capnp-fields.js";
import { type Field, FieldList, type Finding, previewText } from "./field.js";
import { type FrameLayout, layOutFrame } from "./frame-layout.js";
import { codecName, msgTypeName } from "./names.js";

/** What was found out about one frame. */
export interface InspectedFrame {
  /** Counted from 0. */
  readonly index: number;
  /** First byte in the input. */
  readonly offset: number;
  /** Bytes of the frame; of a broken one, what is left of the input. */
  readonly length: number;
  /** One line: profile, type, codec, ids, size. */
  readonly summary: string;
  /** Its bytes by name. */
  readonly fields: readonly Field[];
  /** The content of its message, decoded, as far as it could be. */
  readonly content: readonly string[];
  /** What is wrong with it, at which byte. */
  readonly findings: readonly Finding[];
}

/** How much the inspector takes. */
export interface InspectorLimits {
  /** Largest decompressed or reassembled message, in bytes. */
  readonly maxMessageBytes: number;
}

interface Train {
  readonly header: FrameHeader;
  readonly flags: number;
  readonly parts: Uint8Array[];
  bytes: number;
}

const KNOWN_FLAGS = Object.values(Flag).reduce((all, bit) => all | bit, 0);

/** Walks frame after frame through an input and explains each. What is legal, the real reader and codecs decide. */
export class Inspector {
  readonly #input: Uint8Array;
  readonly #limits: InspectorLimits;
  readonly #trains = new Map<number, Train>();

  /** `input` is any number of frames of one direction, one after the other. */
  constructor(input: Uint8Array, limits: InspectorLimits) {
    this.#input = input;
    this.#limits = limits;
  }

  /** Explains every frame. Ends at the first byte after which no frame boundary can be trusted. */
  *frames(): Generator<InspectedFrame> {
    for (let at = 0, index = 0; at < this.#input.length; index++) {
      const list = new FieldList();
      const layout = layOutFrame(list, this.#input, at);
      if (layout === undefined) {
        const length = this.#input.length - at;
        const summary = `no whole frame: ${length} bytes`;
        yield { index, offset: at, length, summary, ...results(list, []) };
        return;
      }
      yield this.#frame(index, layout, list);
      at = layout.end;
    }
  }

  #frame(index: number, layout: FrameLayout, list: FieldList): InspectedFrame {
    const { start, headerAt, lengthAt, end } = layout;
    const header = this.#input.subarray(headerAt, lengthAt);
    if (layout.profile === "v0.2" && header.length >= 16) capnpFields(list, header, headerAt);
    else list.add(headerAt, header.length, "HEADER", previewText(new TextDecoder().decode(header)));
    const content: string[] = [];
    const summary = this.#judge(layout, list, content);
    const order = list.fields.toSorted((a, b) => a.offset - b.offset || b.length - a.length);
    const { findings } = list;
    return { index, offset: start, length: end - start, summary, fields: order, content, findings };
  }

  // Lets the real reader read the frame, then looks into its payload.
  #judge(layout: FrameLayout, list: FieldList, content: string[]): string {
    const size = `${layout.end - layout.start} bytes`;
    const reader = new FrameReader({
      crc32c: nodePlatform.crc32c,
      limits: { maxHeaderBytes: 65_535 },
      acceptV01: true,
    });
    reader.setAllowedFlags(KNOWN_FLAGS);
    reader.setLimits({ maxFrameBytes: 0xffff_ffff, maxMessageBytes: Number.MAX_SAFE_INTEGER });
    reader.push(this.#input.subarray(layout.start, layout.end));
    try {
      const event = reader.next();
      if (event === undefined) return `${layout.profile} frame, ${size}, incomplete`;
      this.#payloadFields(layout, list, event.header, event.kind);
      if (event.kind === "frame") this.#message(layout, list, content, event.header);
      else found(list, layout, event.error);
      return `${layout.profile} ${headerText(event.header, layout.profile)}, ${size}`;
    } catch (error) {
      if (!isWireError(error)) throw error;
      found(list, layout, error);
      return `${layout.profile} frame, ${size}, refused`;
    }
  }

  #payloadFields(
    layout: FrameLayout,
    list: FieldList,
    header: FrameHeader,
    verdict: "frame" | "rejected",
  ): void {
    const { flags, payloadAt, crcAt, end } = layout;
    const payload = this.#input.subarray(payloadAt, crcAt);
    const wrapped = (flags & (Flag.COMP | Flag.CRYPT | Flag.MORE)) !== 0;
    const inTrain = this.#trains.has(header.channelId) && header.msgType >= MsgType.DATA;
    if (verdict === "rejected") {
      // A body whose CRC failed is never decoded. spec/xcp.md §3
      list.add(payloadAt, payload.length, "PAYLOAD", `${payload.length} bytes, not decoded`);
    } else if (wrapped || inTrain || layout.profile === "v0.1") {
      const what =
        (flags & Flag.CRYPT) !== 0
          ? "sealed"
          : (flags & Flag.COMP) !== 0
            ? "compressed"
            : "part of a message";
      list.add(payloadAt, payload.length, "PAYLOAD", `${payload.length} bytes, ${what}`);
    } else {
      bodyFields(list, payload, payloadAt, header);
    }
    if (end > crcAt) {
      const crc = Buffer.from(this.#input.subarray(crcAt, end)).toString("hex");
      list.add(crcAt, end - crcAt, "CRC32C", crc);
    }
  }

  #message(layout: FrameLayout, list: FieldList, content: string[], header: FrameHeader): void {
    const payload = this.#input.subarray(layout.payloadAt, layout.crcAt);
    if ((layout.flags & Flag.CRYPT) !== 0) {
      content.push("The payload is sealed: only the two ends of the connection have its key.");
      return;
    }
    if (header.msgType < MsgType.DATA) {
      content.push(...describeControl(list, layout.payloadAt, header, payload));
      return;
    }
    const whole = this.#gather(layout, list, content, header, payload);
    if (whole === undefined) return;
    try {
      const body =
        (whole.flags & Flag.COMP) === 0
          ? whole.body
          : decompressBody(whole.body, nodePlatform.zstd, this.#limits.maxMessageBytes);
      if (body !== whole.body)
        content.push(`Decompressed: ${whole.body.length} → ${body.length} bytes.`);
      content.push(...describeBody(list, layout.payloadAt, whole.header, body));
    } catch (error) {
      if (!isWireError(error)) throw error;
      found(list, layout, error);
    }
  }

  // Joins the chunks of a message: the whole of it with its last chunk. spec/xcp.md §11.3
  #gather(
    layout: FrameLayout,
    list: FieldList,
    content: string[],
    header: FrameHeader,
    payload: Uint8Array,
  ):
    | { readonly header: FrameHeader; readonly flags: number; readonly body: Uint8Array }
    | undefined {
    const more = (layout.flags & Flag.MORE) !== 0;
    let train = this.#trains.get(header.channelId);
    if (train !== undefined && train.header.msgId !== header.msgId) {
      list.find(
        layout.headerAt,
        "xcp.chunk_state",
        `message ${train.header.msgId} was never finished`,
      );
      this.#trains.delete(header.channelId);
      train = undefined;
    }
    if (train === undefined && !more) return { header, flags: layout.flags, body: payload };
    train ??= { header, flags: layout.flags, parts: [], bytes: 0 };
    train.bytes += payload.length;
    if (train.bytes <= this.#limits.maxMessageBytes) train.parts.push(payload);
    this.#trains.set(header.channelId, train);
    const count = train.parts.length;
    if (more) {
      content.push(`Chunk ${count - 1} of message ${header.msgId}: ${train.bytes} bytes so far.`);
      return undefined;
    }
    this.#trains.delete(header.channelId);
    if (tagValue(header.tags, "xcp.abort") === "1") {
      content.push(`Message ${header.msgId} was given up by its sender.`);
      return undefined;
    }
    content.push(`Last chunk of message ${header.msgId}: ${train.bytes} bytes in ${count} chunks.`);
    return { header: train.header, flags: train.flags, body: Buffer.concat(train.parts) };
  }
}

function results(
  list: FieldList,
  content: readonly string[],
): Pick<InspectedFrame, "fields" | "findings" | "content"> {
  return { fields: list.fields, findings: list.findings, content };
}

// A finding of the walk at the same place says the same more exactly.
function found(list: FieldList, layout: FrameLayout, error: WireError): void {
  if (list.findings.some(({ code }) => code === error.code)) return;
  list.find(placeOf(layout, error.code), error.code, error.message);
}

function placeOf(layout: FrameLayout, code: string): number {
  switch (code) {
    case "xcp.bad_magic":
      return layout.start;
    case "xcp.version_unsupported":
      return layout.start + 4;
    case "xcp.flags_reserved":
      return layout.start + 5;
    case "xcp.header_malformed": {
      const length = layout.lengthAt - layout.headerAt;
      const legal = layout.profile !== "v0.2" || (length >= 16 && length % 8 === 0);
      return legal ? layout.headerAt : layout.start + 6;
    }
    case "xcp.length_overflow":
    case "xcp.message_too_large":
      return layout.lengthAt;
    case "xcp.crc_mismatch":
      return layout.crcAt;
    default:
      return layout.payloadAt;
  }
}

function headerText(header: FrameHeader, profile: string): string {
  const { msgType, bodyCodec, channelId, msgId, inReplyTo } = header;
  const reply = inReplyTo === 0 ? "" : `, in reply to ${inReplyTo}`;
  return `${msgTypeName(msgType, profile)}, ${codecName(bodyCodec)}, channel ${channelId}, id ${msgId}${reply}`;
}
