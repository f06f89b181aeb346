import { z } from "zod";
import { kindProblem, versionProblem } from "./assemble-ether.js";
import { type Attachment } from "./attachment.js";
import { attachmentProblems } from "./attachment-check.js";
import type { EtherInit } from "./ether.js";
import { isValueMap, type ValueMap } from "./value.js";
import { valueProblems } from "./value-problems.js";

const valueMapSchema: z.ZodType<ValueMap> = z
  .custom<ValueMap>(isValueMap, "not a plain object")
  .superRefine((map, context) => {
    for (const { path, message } of isValueMap(map) ? valueProblems(map) : []) {
      context.addIssue({ code: "custom", path: [...path], message });
    }
  });

/** Accepts one attachment. spec/xcp.md §13 */
export const attachmentSchema: z.ZodType<Attachment> = z
  .custom<Attachment>(isValueMap, "not a plain object")
  .superRefine((attachment, context) => {
    for (const message of isValueMap(attachment) ? attachmentProblems(attachment) : []) {
      context.addIssue({ code: "custom", message });
    }
  });

/** Accepts what `createEther` takes, and names every problem of anything else. spec/xcp.md §13 */
export const etherInitSchema: z.ZodType<EtherInit> = z.strictObject({
  kind: z.string().superRefine(refuse((kind) => wellFormedProblem(kind) ?? kindProblem(kind))),
  schemaVersion: z.number().superRefine(refuse(versionProblem)).optional(),
  payload: valueMapSchema,
  metadata: valueMapSchema.optional(),
  extraFields: valueMapSchema.optional(),
  attachments: z.array(attachmentSchema).superRefine(refuse(duplicateIds)).optional(),
});

/** Writes every issue of a zod error as `path: message`. */
export function formatIssues(error: z.ZodError): readonly string[] {
  return error.issues.map(
    ({ path, message }) => `${path.map(String).join("/") || "/"}: ${message}`,
  );
}

function refuse<T>(problem: (value: T) => string | undefined) {
  return (value: T, context: z.RefinementCtx): void => {
    const message = problem(value);
    if (message !== undefined) context.addIssue({ code: "custom", message });
  };
}

function wellFormedProblem(text: string): string | undefined {
  return text.isWellFormed() ? undefined : "holds a lone surrogate";
}

function duplicateIds(attachments: readonly Attachment[]): string | undefined {
  const ids = new Set<string>();
  for (const { id } of attachments) {
    if (ids.has(id)) return `id ${JSON.stringify(id)} is used twice`;
    ids.add(id);
  }
  return undefined;
}
