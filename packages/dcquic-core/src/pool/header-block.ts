/** What an application is shown of a header block: `undefined` for an empty one, which says that there are no headers. §4 */
export function shownHeaders(block: Uint8Array): Uint8Array | undefined {
  return block.length === 0 ? undefined : block;
}
