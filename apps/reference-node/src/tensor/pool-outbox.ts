import {
  type Attachment,
  type AttachmentOutbox,
  type Ether,
  type PlacedEther,
  SHM_MIN_BYTES,
} from "@proj/ether-codecs";
import type { AttachedProducer } from "@proj/tensor-pool/node";
import { formatSlotUri } from "./slot-uri.js";

/**
 * Puts large attachments into a stream of the tensor pool, where a peer on this host reads them in place.
 *
 * A frame is overwritten when the ring has come round: the receiver notices, and is sent the bytes inline.
 */
export class PoolOutbox implements AttachmentOutbox {
  readonly #producer: AttachedProducer;

  /** Publishes through `producer`. */
  constructor(producer: AttachedProducer) {
    this.#producer = producer;
  }

  /** Places attachments that are large and for which a pool has room; the others stay inline. */
  place(ether: Ether): PlacedEther {
    let objects = 0;
    const attachments = ether.attachments.map((attachment) => {
      const placed = this.#place(attachment);
      if (placed !== attachment) objects++;
      return placed;
    });
    const settle = (): void => undefined;
    return { ether: objects === 0 ? ether : { ...ether, attachments }, objects, settle };
  }

  #place(attachment: Attachment): Attachment {
    const { inlineBytes, ...rest } = attachment;
    if (inlineBytes === undefined || inlineBytes.length < SHM_MIN_BYTES) return attachment;
    const { epoch, streamId } = this.#producer;
    if (epoch === undefined || streamId === undefined) return attachment;
    const bytes = inlineBytes.length;
    const seq = this.#producer.publish({ dtype: "uint8", shape: [bytes], data: inlineBytes });
    if (seq < 0) return attachment;
    return { ...rest, uri: formatSlotUri({ streamId, epoch, seq, bytes }), sizeBytes: bytes };
  }
}
