import { SbeError } from "./errors.js";
import { type UnsignedPart, writeUnsigned } from "./layout.js";
import type { MessageLayout } from "./message-decoder.js";
import { TailEncoder } from "./tail-encoder.js";

/** A message, written in place: the base of generated encoders. */
export abstract class MessageEncoder extends TailEncoder {
  readonly #layout: MessageLayout;
  #start = 0;

  /** `layout` is what the schema fixes. */
  protected constructor(layout: MessageLayout) {
    super(layout.groups + layout.data);
    this.#layout = layout;
  }

  /**
   * Writes the header at `offset` and a block whose fields are null, or zero where they have no null.
   *
   * @param end The first byte that must not be written, in `view`.
   * @throws {@link SbeError} `sbe.buffer_full`
   */
  wrap(view: DataView, offset = 0, end: number = view.byteLength): this {
    if (offset < 0 || end > view.byteLength) {
      throw new SbeError("sbe.buffer_full", `bytes ${offset} to ${end} of ${view.byteLength}`);
    }
    const { header, blockLength, templateId, schemaId, version, groups, data } = this.#layout;
    this.view = view;
    this.cursor.limit = offset;
    this.cursor.end = end;
    this.#start = this.take(header.size);
    this.#put(header.blockLength, blockLength);
    this.#put(header.templateId, templateId);
    this.#put(header.schemaId, schemaId);
    this.#put(header.version, version);
    if (header.groups !== undefined) this.#put(header.groups, groups);
    if (header.data !== undefined) this.#put(header.data, data);
    this.startBlock(blockLength);
    return this;
  }

  /** Ends the message, writes what was left out as empty, and returns its bytes, the header counted. */
  end(): number {
    this.complete();
    return this.cursor.limit - this.#start;
  }

  #put(part: UnsignedPart, value: number): void {
    const { little } = this.#layout.header;
    writeUnsigned(this.view, this.#start + part.offset, part.size, value, little);
  }
}
