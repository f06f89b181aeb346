/** What a replica becomes at the receiver: one file, or a folder. */
type ReplicaForm = "file" | "tree";

/** What an object's key says. */
export interface ReplicaKey {
  readonly form: ReplicaForm;
  /** A plain name, directly beneath the receiver's folder. */
  readonly name: string;
}

// A plain name: nothing that leads out of a folder, and nothing that the receiver uses itself.
const PLAIN = /^(?!\.)[^/\\\0:]+$/;
/** Keys become file names in which other letters than those of ASCII take three times their bytes. */
const MAX_BYTES = 180;

/** Whether a replica may be called so. */
export function isReplicaName(name: string): boolean {
  return PLAIN.test(name) && encodeURIComponent(name).length <= MAX_BYTES;
}

/** Makes the key that the object travels under. */
export function formatReplicaKey({ form, name }: ReplicaKey): string {
  return `${form}:${name}`;
}

/** Reads a key; `undefined` for one that no `replicate` makes. */
export function parseReplicaKey(key: string): ReplicaKey | undefined {
  const [form, name] = [key.slice(0, 4), key.slice(5)];
  const isKnown = (form === "file" || form === "tree") && key[4] === ":";
  return isKnown && isReplicaName(name) ? { form, name } : undefined;
}
