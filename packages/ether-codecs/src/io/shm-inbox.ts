import { assembleEther } from "../assemble-ether.js";
import type { Attachment } from "../attachment.js";
import { EtherError } from "../errors.js";
import type { Ether } from "../ether.js";
import { type EtherLimits, resolveEtherLimits } from "../limits.js";
import type { PosixShm } from "./posix-shm.js";

/** What a {@link ShmInbox} works with. */
export interface ShmInboxOptions {
  /** Where objects live; absent where this system has no shared memory. */
  readonly shm?: PosixShm | undefined;
  /** Whether the connection negotiated shared memory; asked for every object. */
  readonly isProven: () => boolean;
  /** Bytes that one Ether may bring in all its objects; default `maxBodyBytes` of the limits. */
  readonly maxBytes?: number;
  /** Limits of Ethers. */
  readonly limits?: EtherLimits;
}

/**
 * Copies what a peer on this host left in shared memory. Acknowledge a message only after its Ethers were resolved.
 *
 * @see spec/xcp.md §16.3
 */
export class ShmInbox {
  readonly #options: ShmInboxOptions;
  readonly #limits: EtherLimits;

  /** One inbox for one connection. */
  constructor(options: ShmInboxOptions) {
    this.#options = options;
    this.#limits = options.limits ?? resolveEtherLimits();
  }

  /**
   * Replaces every `shm://` URI of an Ether by its bytes, in memory of their own.
   *
   * URIs of other schemes stay: nobody follows them automatically.
   *
   * @throws EtherError `ether.shm_unavailable` for an object that is gone, foreign or on an unproven connection;
   * `ether.attachment_invalid` for a malformed URI, any `file:`, or bytes that are not what size, shape and dtype say;
   * `ether.too_large`.
   */
  resolve(ether: Ether): Ether {
    if (ether.attachments.every(({ uri }) => uri === undefined)) return ether;
    let left = this.#maxBytes;
    const attachments = ether.attachments.map((attachment) => {
      const resolved = this.#resolveOne(attachment, left);
      if (resolved !== attachment) left -= resolved.inlineBytes?.length ?? 0;
      return resolved;
    });
    return assembleEther({ ...ether, attachments }, this.#limits);
  }

  /** Copies what one URI names, `sizeBytes` long; the `readShm` of a DLPACK codec. @throws as {@link ShmInbox.resolve} */
  readonly read = (uri: string, sizeBytes?: number): Uint8Array => {
    return this.#read(uri, sizeBytes, this.#maxBytes);
  };

  get #maxBytes(): number {
    return this.#options.maxBytes ?? this.#limits.maxBodyBytes;
  }

  #resolveOne(attachment: Attachment, maxBytes: number): Attachment {
    const { uri, ...rest } = attachment;
    if (uri === undefined) return attachment;
    const scheme = /^[A-Za-z][A-Za-z0-9+.-]*(?=:)/.exec(uri)?.[0]?.toLowerCase();
    if (scheme === "file") throw new EtherError("ether.attachment_invalid", "a file: URI");
    if (scheme !== "shm") return attachment;
    return { ...rest, inlineBytes: this.#read(uri, attachment.sizeBytes, maxBytes) };
  }

  #read(uri: string, sizeBytes: number | undefined, maxBytes: number): Uint8Array {
    const { shm, isProven } = this.#options;
    if (shm === undefined) throw unavailable("this system has none");
    if (!isProven()) throw unavailable("the peer has not proved to be on this host");
    return shm.read(uri, { sizeBytes, maxBytes });
  }
}

function unavailable(what: string): EtherError {
  return new EtherError("ether.shm_unavailable", `shared memory: ${what}`);
}
