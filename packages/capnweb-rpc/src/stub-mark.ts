/**
 * The property under which a stub answers with its handle. Nothing else has it: stubs answer every
 * string, so a string could not tell them apart.
 */
export const stubMark: unique symbol = Symbol("stub");

/** Tells whether `value` is a stub or an RPC promise. */
export function isStub(value: object): boolean {
  return (value as { readonly [stubMark]?: unknown })[stubMark] !== undefined;
}
