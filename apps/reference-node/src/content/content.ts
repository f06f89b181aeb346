import type { Ether } from "@proj/ether-codecs";

/** One message's worth of a file. */
export interface ContentPart {
  /** What goes into the message: one Ether, or a batch of one kind. */
  readonly ethers: readonly Ether[];
  /** Bytes of the source that are done once this part is. */
  readonly sourceBytes: number;
}

/** A file as Ethers, read no faster than they are taken. */
export interface Content {
  /** The kind of its Ethers. */
  readonly kind: string;
  /** Size of the source in bytes; `undefined` for a pipe. */
  readonly totalBytes: number | undefined;
  /** Its parts, in order; at least one. */
  readonly parts: AsyncIterable<ContentPart>;
  /** What a reader should know about the conversion. Complete once all parts were taken. */
  readonly notes: readonly string[];
}

/** How files become Ethers. */
export interface ContentOptions {
  /** Aimed size of one part in bytes; keeps both ends' memory bounded. */
  readonly partBytes: number;
}

/** A file that is not what its name or `--as` says. */
export class ContentError extends Error {
  /** What the user can do about it. */
  readonly fix: string;

  /** `message` names the file. */
  constructor(message: string, fix: string) {
    super(message);
    this.name = "ContentError";
    this.fix = fix;
  }
}
