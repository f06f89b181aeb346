import { type WireError, wireError } from "@proj/wire-types";
import { XcpError } from "../errors.js";

/** Explains an HTTP status that is not the one the binding asks for. */
export function statusError(status: number, where: string): WireError {
  const details = { status, endpoint: where };
  switch (status) {
    case 401:
      return new XcpError("xcp.auth_required", `${where} wants a credential (HTTP 401)`, {
        details,
      });
    case 403:
      return new XcpError("xcp.auth_failed", `${where} does not admit us (HTTP 403)`, { details });
    default:
      return wireError("wire.connection_failed", `${where} answered with HTTP status ${status}`, {
        details,
      });
  }
}
