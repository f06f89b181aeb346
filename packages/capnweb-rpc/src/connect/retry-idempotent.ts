import { isWireError } from "@proj/wire-types";

/** The failures after which a call that may be repeated is repeated. */
const REPEATABLE: ReadonlySet<string> = new Set([
  "capnweb.connection_lost",
  "capnweb.not_connected",
  "capnweb.ping_timeout",
]);

/**
 * Makes a call again when the connection was lost under it. Only for calls that may happen twice:
 * whether a lost one was carried out is not known. spec/capnweb.md §20.2
 *
 * @param call Makes the call anew, on a stub that survives reconnects.
 * @param attempts How often it is made at most.
 */
export async function retryIdempotent<T>(call: () => PromiseLike<T>, attempts = 3): Promise<T> {
  for (let left = attempts - 1; ; left--) {
    try {
      return await call();
    } catch (error) {
      if (left <= 0 || !isWireError(error) || !REPEATABLE.has(error.code)) throw error;
    }
  }
}
