import type { EncodedBody } from "../codec.js";
import { EtherError } from "../errors.js";
import { completeEther, type Ether } from "../ether.js";
import { emptyMap } from "../value.js";

/** Names the codec of an attachment that is a whole Arrow stream. spec/xcp.md §16.1 */
const ARROW_CODEC = "ARROW_IPC";
const ARROW_MEDIA_TYPE = "application/vnd.apache.arrow.stream";

/**
 * Makes the stub Ether that carries an ARROW_IPC body as an attachment, so that it can go through shared memory.
 *
 * @param kind What the Ethers of the stream are, for whoever routes the stub.
 * @see spec/xcp.md §16.1
 */
export function arrowStub(encoded: EncodedBody, kind: string, schemaVersion = 1): Ether {
  const { body } = encoded;
  const attachment = {
    id: "arrow",
    inlineBytes: body,
    mediaType: ARROW_MEDIA_TYPE,
    codec: ARROW_CODEC,
    sizeBytes: body.length,
  };
  return completeEther({ kind, schemaVersion, payload: emptyMap(), attachments: [attachment] });
}

/**
 * Gives the Arrow stream of a stub Ether, `undefined` for an Ether that is none.
 *
 * @throws EtherError `ether.attachment_invalid` when the stream lies elsewhere: resolve the Ether first.
 * @see spec/xcp.md §16.1
 */
export function arrowOfStub(ether: Ether): Uint8Array | undefined {
  const [attachment, second] = ether.attachments;
  if (attachment?.codec !== ARROW_CODEC || second !== undefined) return undefined;
  if (Object.keys(ether.payload).length > 0) return undefined;
  if (attachment.inlineBytes === undefined) {
    throw new EtherError("ether.attachment_invalid", "the Arrow stream lies elsewhere");
  }
  return attachment.inlineBytes;
}
