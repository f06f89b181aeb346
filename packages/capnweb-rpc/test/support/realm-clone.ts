/**
 * Replaces Node's `structuredClone`, with which the reference copies instructions: in Jest its arrays
 * belong to another realm than the tests, and the reference refuses them.
 */
export function cloneInRealm(): void {
  globalThis.structuredClone = <T>(value: T): T => copy(value) as T;
}

function copy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copy);
  if (typeof value !== "object" || value === null) return value;
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, copy(member)]));
}
