import { EtherError } from "../errors.js";

/** Makes the error for what EtherProto cannot carry. */
export function invalidValue(what: string): EtherError {
  return new EtherError("ether.ether_invalid", `EtherProto: ${what}`);
}
