/** Where a node sits in its plan, from the inside out: it becomes text only for an error. */
export type NodePath = { readonly parent: NodePath; readonly key: string | number } | undefined;

/** Formats a path as it would be written in JavaScript, from the body on. */
export function formatPath(path: NodePath): string {
  const keys: (string | number)[] = [];
  for (let at = path; at !== undefined; at = at.parent) keys.push(at.key);
  return ["body", ...keys.toReversed()].join(".");
}
