/**
 * Reports what an application's hook threw, without letting it end the process.
 *
 * A peer can make a hook run as often as it likes: an unhandled rejection, which ends a Node process by default, would
 * be its lever. So it goes where the platform reports errors, or to the console where it has no such place.
 */
export function reportFailure(failure: unknown, what: string): void {
  if (typeof globalThis.reportError === "function") globalThis.reportError(failure);
  // oxlint-disable-next-line no-console -- the last place where an error is still seen
  else console.error(what, failure);
}
