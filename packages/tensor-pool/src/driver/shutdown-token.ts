/**
 * Tells whether a request has the token, in time that does not depend on where the two differ.
 *
 * No token matches none. spec/tensor-pool.md §14.4
 */
export function tokenMatches(expected: string, given: string): boolean {
  if (expected === "") return false;
  let difference = expected.length ^ given.length;
  for (let index = 0; index < expected.length; index++) {
    difference |= expected.charCodeAt(index) ^ (given.charCodeAt(index) || 0);
  }
  return difference === 0;
}
