import type { DType } from "@proj/wire-types";

/** Stands in a payload for the attachment with the same id. spec/xcp.md §13 */
export class AttachmentRef {
  /** Id of the attachment meant. */
  readonly id: string;

  /** `id` names an attachment of the same Ether. */
  constructor(id: string) {
    this.id = id;
  }
}

/**
 * Raw data beside the payload: a blob without a tensor header. spec/xcp.md §13
 *
 * Exactly one of `uri` and `inlineBytes` is present.
 */
export interface Attachment {
  /** Unique within its Ether. */
  readonly id: string;
  /** Where the data lies, `shm://…`; other schemes are never followed automatically. §16.1 */
  readonly uri?: string;
  /** The data itself. */
  readonly inlineBytes?: Uint8Array;
  /** IANA media type. */
  readonly mediaType?: string;
  /** Codec name such as `TENSOR_F32`. */
  readonly codec?: string;
  /** Dimensions, each a u32. */
  readonly shape?: readonly number[];
  /** Element type. */
  readonly dtype?: DType;
  /** Length of the data; with shape and dtype equal to product × item size. */
  readonly sizeBytes?: number;
}
