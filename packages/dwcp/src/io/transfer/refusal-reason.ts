import { DwcpError } from "../../errors.js";
import { SLOT_SELF } from "../../wire/codec.js";
import type { NackReason } from "../../wire/transfer-messages.js";

const reasons: Readonly<Partial<Record<DwcpError["code"], NackReason>>> = {
  "dwcp.unit_crc": "CRC",
  "dwcp.decode": "DECODE",
  "dwcp.limit": "DECODE",
  "dwcp.protocol": "DECODE",
  "dwcp.baseline_missing": "BASELINE_MISSING",
  "dwcp.baseline_mismatch": "BASELINE_MISMATCH",
  "dwcp.dict_missing": "DICT_MISSING",
  "dwcp.no_space": "NO_SPACE",
};

/** Says why a unit is refused; `undefined` for what the transfer does not survive. spec/dwcp.md B6 */
export function reasonOf(error: DwcpError): NackReason | undefined {
  // What the sender took for arrived is not here, or not yet: without it the unit can come again.
  if (error.details?.["slot"] === SLOT_SELF && error.code !== "dwcp.integrity") return "DEPENDENCY";
  return reasons[error.code];
}

/** What a sender hears of whatever went wrong while its object was stored or handed on. */
export function storeErrorOf(cause: unknown): DwcpError {
  if (cause instanceof DwcpError) return cause;
  return new DwcpError("dwcp.no_space", "the store failed", { cause });
}
