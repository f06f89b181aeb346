import type { Attachment } from "../attachment.js";

/** Inline bytes from this size on go to shared memory where that was negotiated. spec/xcp.md §16.1 */
export const SHM_MIN_BYTES = 262_144;

/** What decides where an attachment's bytes go. */
export interface AttachmentPolicyOptions {
  /** Whether the connection negotiated shared memory, proof included. */
  readonly sharedMem: boolean;
  /** Smallest size in bytes that is worth an object of its own; default {@link SHM_MIN_BYTES}. */
  readonly shmMinBytes?: number;
}

/**
 * Says where the bytes of an attachment travel: inside the body, or in shared memory beside it.
 *
 * An attachment that names a URI already stays as it is.
 *
 * @see spec/xcp.md §16.1
 */
export function attachmentPlacement(
  attachment: Attachment,
  options: AttachmentPolicyOptions,
): "inline" | "shm" | "elsewhere" {
  const { inlineBytes } = attachment;
  if (inlineBytes === undefined) return "elsewhere";
  const { sharedMem, shmMinBytes = SHM_MIN_BYTES } = options;
  return sharedMem && inlineBytes.length >= shmMinBytes ? "shm" : "inline";
}
