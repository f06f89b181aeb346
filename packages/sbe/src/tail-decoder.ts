import { decodeUtf8 } from "@proj/wire-types";
import { BlockDecoder } from "./block-decoder.js";
import { SbeError } from "./errors.js";
import { formatLatin1 } from "./latin1.js";
import { type DataLayout, readUnsigned } from "./layout.js";

/** Where reading stands in a message; its groups share it. */
export interface Cursor {
  /** The next byte that nobody has read. */
  limit: number;
  /** The end of the message. */
  end: number;
}

/**
 * A block with groups and variable-length data behind it: what messages and group entries have in common.
 *
 * These members lie one after the other, so they are read in the schema's order. Reading one skips those before it that
 * nobody has read; reading one again is `sbe.out_of_order`.
 */
export abstract class TailDecoder extends BlockDecoder {
  /** Where reading stands. */
  protected cursor: Cursor = { limit: 0, end: 0 };
  readonly #members: number;
  #next = 0;
  #open: TailDecoder | undefined;

  /** `members` is how many groups and data fields the schema knows here. */
  protected constructor(members: number) {
    super();
    this.#members = members;
  }

  /** Reads past member `ordinal`. Generated where there are members. */
  protected abstract pass(ordinal: number): void;

  /** Starts over at the first member. */
  protected restart(): void {
    this.#next = 0;
    this.#open = undefined;
  }

  /** Moves past everything that nobody has read. */
  protected finish(): void {
    this.#close();
    while (this.#next < this.#members) {
      this.pass(this.#next++);
      this.#close();
    }
  }

  /** Moves to member `ordinal`. @throws {@link SbeError} `sbe.out_of_order` */
  protected seek(ordinal: number): void {
    this.#close();
    if (ordinal < this.#next) {
      throw new SbeError("sbe.out_of_order", `member ${ordinal} was already passed`);
    }
    while (this.#next < ordinal) {
      this.pass(this.#next++);
      this.#close();
    }
    this.#next = ordinal + 1;
  }

  /** Notes the group whose entries are being read. */
  protected opening<G extends TailDecoder>(group: G): G {
    this.#open = group;
    return group;
  }

  /** Reads past variable-length data and returns its length; it ends at the cursor. */
  protected data(layout: DataLayout): number {
    const { cursor, view } = this;
    const left = cursor.end - cursor.limit - layout.size;
    if (left < 0) throw new SbeError("sbe.truncated", "the message ends before a length");
    const length = readUnsigned(view, cursor.limit, layout.size, layout.little);
    if (length > left) {
      throw new SbeError("sbe.truncated", `data of ${length} bytes with ${left} bytes left`);
    }
    if (length > layout.maxLength) {
      throw new SbeError("sbe.too_large", `data of ${length} bytes, limit ${layout.maxLength}`);
    }
    cursor.limit += layout.size + length;
    return length;
  }

  /** Returns the data of `length` bytes before the cursor as a view into the buffer. */
  protected bytesBefore(length: number): Uint8Array {
    const { view } = this;
    const start = view.byteOffset + this.cursor.limit - length;
    return new Uint8Array(view.buffer, start, length);
  }

  /** Returns the data of `length` bytes before the cursor as text. */
  protected textBefore(length: number, layout: DataLayout): string {
    const bytes = this.bytesBefore(length);
    return layout.text === "utf8" ? decodeUtf8(bytes) : formatLatin1(bytes);
  }

  #close(): void {
    const open = this.#open;
    this.#open = undefined;
    open?.finish();
  }
}
