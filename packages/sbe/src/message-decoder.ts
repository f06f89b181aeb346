import { SbeError } from "./errors.js";
import { type DataLayout, type HeaderLayout, readUnsigned } from "./layout.js";
import { TailDecoder } from "./tail-decoder.js";

/** What the schema fixes about one message. */
export interface MessageLayout {
  /** The header of the schema's messages. */
  readonly header: HeaderLayout;
  /** The schema's id. */
  readonly schemaId: number;
  /** The schema's version, which encoders write. */
  readonly version: number;
  /** The message's id. */
  readonly templateId: number;
  /** Bytes of the block that encoders write. */
  readonly blockLength: number;
  /** Bytes of the block that a decoder needs. */
  readonly minBlock: number;
  /** How many groups the message has. */
  readonly groups: number;
  /** How many variable-length fields the message has. */
  readonly data: number;
}

/** A message, read in place: the base of generated decoders. */
export abstract class MessageDecoder extends TailDecoder {
  readonly #layout: MessageLayout;

  /** `layout` is what the schema fixes. */
  protected constructor(layout: MessageLayout) {
    super(layout.groups + layout.data);
    this.#layout = layout;
  }

  /**
   * Lays this flyweight over the message whose header is at `offset`; nothing is copied.
   *
   * Blocks that are longer than this schema's are read as far as it knows them.
   *
   * @param end The first byte behind the message, in `view`.
   * @throws {@link SbeError} `sbe.truncated`, `sbe.wrong_schema`, `sbe.wrong_template`, `sbe.block_too_short`.
   */
  wrap(view: DataView, offset = 0, end: number = view.byteLength): this {
    const { header, schemaId, templateId } = this.#layout;
    if (end > view.byteLength || offset < 0 || end - offset < header.size) {
      throw new SbeError("sbe.truncated", `${end - offset} bytes, a header has ${header.size}`);
    }
    const theirs = headerField(view, offset, header, "schemaId");
    if (theirs !== schemaId) {
      throw new SbeError("sbe.wrong_schema", `schema ${theirs}, expected ${schemaId}`);
    }
    const template = headerField(view, offset, header, "templateId");
    if (template !== templateId) {
      throw new SbeError("sbe.wrong_template", `template ${template}, expected ${templateId}`);
    }
    return this.wrapBody(
      view,
      offset + header.size,
      end,
      headerField(view, offset, header, "blockLength"),
      headerField(view, offset, header, "version"),
    );
  }

  /** Lays this flyweight over a message whose header was read elsewhere; `at` is where its block starts. */
  wrapBody(view: DataView, at: number, end: number, blockLength: number, version: number): this {
    const { minBlock } = this.#layout;
    if (blockLength < minBlock) {
      throw new SbeError(
        "sbe.block_too_short",
        `a block of ${blockLength} bytes, at least ${minBlock} are required`,
      );
    }
    if (blockLength > end - at) {
      throw new SbeError("sbe.truncated", `a block of ${blockLength} bytes in ${end - at}`);
    }
    this.lay(view, at, blockLength, version);
    this.cursor.limit = at + blockLength;
    this.cursor.end = end;
    this.restart();
    return this;
  }

  /** Goes back to the first group or data field. */
  rewind(): this {
    this.cursor.limit = this.at + this.blockLength;
    this.restart();
    return this;
  }

  /** Reads past everything, and returns how many bytes the message has behind its header. */
  bodyLength(): number {
    this.finish();
    return this.cursor.limit - this.at;
  }

  /** Like `data`, for the fields at the end: writers exist that leave out the empty ones there. */
  protected lastData(layout: DataLayout): number {
    return this.cursor.limit === this.cursor.end ? 0 : this.data(layout);
  }
}

/** Reads one field of the message header at `offset`; the caller has checked that the header is there. */
export function headerField(
  view: DataView,
  offset: number,
  header: HeaderLayout,
  name: "blockLength" | "templateId" | "schemaId" | "version",
): number {
  const part = header[name];
  return readUnsigned(view, offset + part.offset, part.size, header.little);
}
