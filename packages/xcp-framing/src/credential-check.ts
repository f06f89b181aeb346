import type { TransportInfo } from "@proj/wire-types";
import type { ConnectionOptions } from "./connection-options.js";
import { isThenable } from "./thenable.js";
import type { Hello } from "./wire/hello.js";

/**
 * Asks the application whether the peer may stay, and tells `decide`, at once or later.
 *
 * Whoever throws, rejects or says anything but `true` refuses it.
 */
export function checkCredential(
  verifyAuth: ConnectionOptions["verifyAuth"],
  hello: Hello,
  info: TransportInfo,
  decide: (verdict: "allowed" | "refused") => void,
): void {
  const judge = (allowed: unknown): void => decide(allowed === true ? "allowed" : "refused");
  try {
    const verdict = verifyAuth?.({ auth: hello.auth, hello, info });
    if (isThenable(verdict)) verdict.then(judge, () => decide("refused"));
    else judge(verdict);
  } catch {
    decide("refused");
  }
}
