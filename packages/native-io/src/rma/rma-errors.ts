import { errnoName, type NativeIoError, refusedBySystem } from "../errors.js";
import type { RmaAddon } from "./rma-addon.js";

/** Names an errno that may be libfabric's own, which begin at 256. */
export function rmaErrorName(addon: RmaAddon, negativeErrno: number): string {
  return negativeErrno > -256 ? errnoName(negativeErrno) : addon.errorText(negativeErrno);
}

/** Makes the error of a call that libfabric refused. */
export function rmaError(addon: RmaAddon, operation: string, negativeErrno: number): NativeIoError {
  return refusedBySystem(operation, rmaErrorName(addon, negativeErrno));
}
