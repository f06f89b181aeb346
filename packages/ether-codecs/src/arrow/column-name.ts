/** Columns of the row layout that are no payload. spec/xcp.md §14.7 */
export const ReservedColumn = {
  metadata: "_metadata",
  extra: "_extra",
  attachments: "_att_json",
  attachmentBytes: "_att_bytes",
} as const;

/** Names the column of a payload key: one that begins with `_` gets one more. */
export function columnName(key: string): string {
  return key.startsWith("_") ? `_${key}` : key;
}

/** Finds the payload key of a column; `undefined` for a reserved name, whether known or not. */
export function payloadKey(name: string): string | undefined {
  if (!name.startsWith("_")) return name;
  return name.startsWith("__") ? name.slice(1) : undefined;
}
