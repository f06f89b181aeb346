/** Whether a callback's result has to be waited for; callbacks of any realm, and whatever else they return. */
export function isThenable<T>(result: T | PromiseLike<T>): result is PromiseLike<T> {
  return (
    typeof result === "object" &&
    result !== null &&
    typeof (result as { readonly then?: unknown }).then === "function"
  );
}
