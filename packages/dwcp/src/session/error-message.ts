import { DwcpCodes, type DwcpError } from "../errors.js";
import type { ErrorScope } from "../wire/error-scope.js";
import type { ErrorMessage } from "../wire/session-messages.js";

/** Puts an error into the message that tells the peer. spec/dwcp.md B9 */
export function errorMessageOf(error: DwcpError, scope: ErrorScope): ErrorMessage {
  const { wire, retryable } = DwcpCodes[error.code];
  return { kind: "ERROR", code: wire, scope, retryable, text: error.message };
}
