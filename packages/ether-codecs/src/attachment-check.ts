import { elementCount, isDType, itemSize } from "@proj/wire-types";
import type { Attachment } from "./attachment.js";
import { EtherError } from "./errors.js";

/** Lists what is wrong with one attachment; empty when it is sound. spec/xcp.md §13 */
export function attachmentProblems(attachment: Attachment): readonly string[] {
  const problems: string[] = [];
  const { id, uri, inlineBytes, shape, dtype, sizeBytes } = attachment;
  if (typeof id !== "string" || id === "") problems.push("id is missing");
  if ((uri === undefined) === (inlineBytes === undefined)) {
    problems.push("exactly one of uri and inlineBytes is needed");
  }
  if (uri === "") problems.push("uri is empty");
  for (const [name, text] of Object.entries(attachment) as [string, unknown][]) {
    if (typeof text === "string" && !text.isWellFormed()) {
      problems.push(`${name} holds a lone surrogate`);
    }
  }
  if (sizeBytes !== undefined && !(Number.isSafeInteger(sizeBytes) && sizeBytes >= 0)) {
    problems.push(`sizeBytes ${sizeBytes} is no size`);
  }
  const known = dtype === undefined || isDType(dtype);
  if (!known) problems.push(`dtype ${String(dtype)} is unknown`);
  const bad = shape?.find((size) => !Number.isInteger(size) || size < 0 || size > 0xffff_ffff);
  if (bad !== undefined) problems.push(`shape holds ${bad}, which is no u32`);
  if (problems.length > 0) return problems;

  const length = inlineBytes?.length;
  if (length !== undefined && sizeBytes !== undefined && length !== sizeBytes) {
    problems.push(`sizeBytes is ${sizeBytes}, the data is ${length} bytes`);
  }
  if (shape !== undefined && dtype !== undefined) {
    const needed = shapeBytes(shape, itemSize(dtype));
    const size = sizeBytes ?? length;
    if (size !== undefined && size !== needed) {
      problems.push(`${dtype} [${shape.join(", ")}] is ${needed} bytes, not ${size}`);
    }
  }
  return problems;
}

/** Checks the attachments of one Ether. @throws EtherError `ether.attachment_invalid` listing every problem. */
export function checkAttachments(attachments: readonly Attachment[]): void {
  if (attachments.length === 0) return;
  const problems: string[] = [];
  const ids = new Set<string>();
  for (const [i, attachment] of attachments.entries()) {
    for (const problem of attachmentProblems(attachment)) {
      problems.push(`attachments/${i}: ${problem}`);
    }
    if (ids.has(attachment.id)) problems.push(`attachments/${i}: id is used twice`);
    ids.add(attachment.id);
  }
  if (problems.length > 0) {
    throw new EtherError("ether.attachment_invalid", problems.slice(0, 16).join("; "), {
      details: { problems: problems.length },
    });
  }
}

// Infinity where the product passes 2^53-1, which equals no size.
function shapeBytes(shape: readonly number[], size: number): number {
  try {
    return elementCount([...shape, size]);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
