import { encodeUtf8 } from "@proj/wire-types";
import { SbeError } from "./errors.js";
import { writeLatin1 } from "./latin1.js";
import { type DataLayout, writeUnsigned } from "./layout.js";

/** Where writing stands in a message; its groups share it. */
export interface EncoderCursor {
  /** The next byte to write. */
  limit: number;
  /** The end of the room for the message. */
  end: number;
}

/** What a flyweight lies on before it is wrapped around a buffer. */
const NOTHING = new DataView(new ArrayBuffer(0));

/** A fixed block of fields, written in place: the base of all generated encoders. */
export abstract class BlockEncoder {
  /** The buffer being written. */
  view: DataView = NOTHING;
  /** Where the block starts in `view`. */
  at = 0;
}

/** A composite type, written in place. The field that holds it lays it. */
export abstract class CompositeEncoder extends BlockEncoder {
  /** Lays this composite at `at`, inside a block that was checked. */
  wrap(view: DataView, at: number): this {
    this.view = view;
    this.at = at;
    return this;
  }
}

/**
 * A block with groups and variable-length data behind it: what messages and group entries have in common.
 *
 * These members are written in the schema's order. What is left out between them or at the end is written as empty, since
 * every place depends on what lies before it.
 */
export abstract class TailEncoder extends BlockEncoder {
  /** Where writing stands. */
  protected cursor: EncoderCursor = { limit: 0, end: 0 };
  readonly #members: number;
  #next = 0;
  #open: TailEncoder | undefined;

  /** `members` is how many groups and data fields the schema knows here. */
  protected constructor(members: number) {
    super();
    this.#members = members;
  }

  /** Sets every field of the block to null, or to zero where it has no null. */
  abstract clear(): void;

  /** Writes member `ordinal` as empty. Generated where there are members. */
  protected abstract leaveOut(ordinal: number): void;

  /** Takes `size` bytes for the block and clears it. */
  protected startBlock(size: number): void {
    this.at = this.take(size);
    this.#next = 0;
    this.#open = undefined;
    this.clear();
  }

  /** Writes what was left out. */
  protected complete(): void {
    this.#close();
    while (this.#next < this.#members) this.leaveOut(this.#next++);
  }

  /** Moves to member `ordinal`. @throws {@link SbeError} `sbe.out_of_order` */
  protected seek(ordinal: number): void {
    this.#close();
    if (ordinal < this.#next) {
      throw new SbeError("sbe.out_of_order", `member ${ordinal} was already written`);
    }
    while (this.#next < ordinal) this.leaveOut(this.#next++);
    this.#next = ordinal + 1;
  }

  /** Notes the group whose entries are being written. */
  protected opening<G extends TailEncoder>(group: G): G {
    this.#open = group;
    return group;
  }

  /** Writes a length and these bytes. @throws {@link SbeError} `sbe.too_large`, `sbe.buffer_full`. */
  protected writeBytes(bytes: Uint8Array, layout: DataLayout): void {
    const at = this.#startData(bytes.length, layout);
    const { view } = this;
    new Uint8Array(view.buffer, view.byteOffset + at, bytes.length).set(bytes);
  }

  /** Writes a length and this text. @throws {@link SbeError} `sbe.too_large`, `sbe.buffer_full`. */
  protected writeText(text: string, layout: DataLayout): void {
    if (layout.text === "utf8") this.writeBytes(encodeUtf8(text), layout);
    else writeLatin1(this.view, this.#startData(text.length, layout), text);
  }

  /** Takes `size` bytes at the cursor. @throws {@link SbeError} `sbe.buffer_full` */
  protected take(size: number): number {
    const { cursor } = this;
    const at = cursor.limit;
    if (size > cursor.end - at) {
      throw new SbeError("sbe.buffer_full", `need ${size} bytes, ${cursor.end - at} are left`);
    }
    cursor.limit = at + size;
    return at;
  }

  #startData(length: number, layout: DataLayout): number {
    if (length > layout.maxLength) {
      throw new SbeError("sbe.too_large", `data of ${length} bytes, limit ${layout.maxLength}`);
    }
    const at = this.take(layout.size + length);
    writeUnsigned(this.view, at, layout.size, length, layout.little);
    return at + layout.size;
  }

  #close(): void {
    const open = this.#open;
    this.#open = undefined;
    open?.complete();
  }
}
