/**
 * Tells whether a received member named `key` is dropped: it could pose as something every object
 * has, or take over how it is stringified. spec/capnweb.md §5.4
 */
export function isFilteredKey(key: string): boolean {
  return key in Object.prototype || key === "toJSON";
}
