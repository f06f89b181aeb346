import { isWireError } from "@proj/wire-types";
import { type DcquicCode, DcquicCodes, DcquicError } from "../errors.js";
import type { SharedError } from "./share-messages.js";

/** Describes an error for another thread; what is no error of this package is a lack of local resources. */
export function sharedErrorOf(error: unknown): SharedError {
  const message = error instanceof Error ? error.message : String(error);
  if (!isWireError(error) || !(error.code in DcquicCodes)) {
    return { code: "dcquic.local_resource", message, details: {} };
  }
  return { code: error.code as DcquicCode, message, details: { ...error.details } };
}

/** The error that another thread described. */
export function errorOfShared({ code, message, details }: SharedError): DcquicError {
  return new DcquicError(code, message, { details });
}
