import { DwcpError } from "../errors.js";

/** Takes what was thrown as a failure of this protocol. Throws anything else again: that is a fault of the program. */
export function asTransferError(error: unknown): DwcpError {
  if (error instanceof DwcpError) return error;
  throw error;
}
