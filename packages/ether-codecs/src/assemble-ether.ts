import { utf8Length } from "@proj/wire-types";
import { checkAttachments } from "./attachment-check.js";
import { EtherError } from "./errors.js";
import type { Ether } from "./ether.js";
import type { EtherLimits } from "./limits.js";

/** Longest kind in bytes. spec/xcp.md §13 */
const MAX_KIND_BYTES = 128;

/**
 * Passes an Ether that a decoder put together, once its envelope is sound.
 *
 * @throws EtherError `ether.ether_invalid` for kind or schema_version, `ether.attachment_invalid`, `ether.too_large` for
 * more attachments than allowed.
 * @see spec/xcp.md §13
 */
export function assembleEther(ether: Ether, limits: EtherLimits): Ether {
  const problem = kindProblem(ether.kind) ?? versionProblem(ether.schemaVersion);
  if (problem !== undefined) throw new EtherError("ether.ether_invalid", problem);
  if (ether.attachments.length > limits.maxAttachments) {
    throw new EtherError(
      "ether.too_large",
      `${ether.attachments.length} attachments, limit ${limits.maxAttachments}`,
    );
  }
  checkAttachments(ether.attachments);
  return ether;
}

/** Checks before encoding what {@link assembleEther} checks after decoding. @throws the same. */
export function checkEnvelope(ether: Ether, limits: EtherLimits): void {
  assembleEther(ether, limits);
  if (!ether.kind.isWellFormed()) {
    throw new EtherError("ether.ether_invalid", "kind holds a lone surrogate");
  }
}

/** Takes the one Ether of a body that holds one. @throws EtherError `ether.ether_invalid` for any other number. */
export function onlyEther(ethers: readonly Ether[], codec: string): Ether {
  const [ether] = ethers;
  if (ether === undefined || ethers.length !== 1) {
    throw new EtherError(
      "ether.ether_invalid",
      `a ${codec} body holds one Ether, not ${ethers.length}`,
    );
  }
  return ether;
}

/** Refuses a body before anything of it is read. @throws EtherError `ether.too_large` */
export function checkBodySize(body: Uint8Array, limits: EtherLimits): void {
  if (body.length > limits.maxBodyBytes) {
    throw new EtherError(
      "ether.too_large",
      `body of ${body.length} bytes, limit ${limits.maxBodyBytes}`,
    );
  }
}

/** Says what is wrong with a kind. */
export function kindProblem(kind: string): string | undefined {
  const length = utf8Length(kind);
  if (length >= 1 && length <= MAX_KIND_BYTES) return undefined;
  return `kind takes ${length} bytes, not 1..${MAX_KIND_BYTES}`;
}

/** Says what is wrong with a schema_version. */
export function versionProblem(version: number): string | undefined {
  if (Number.isInteger(version) && version >= 1 && version <= 0xffff) return undefined;
  return `schema_version ${version} is not 1..65535`;
}
