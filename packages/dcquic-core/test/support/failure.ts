import { isWireError } from "@proj/wire-types";

/** The code of the error that `act` throws; anything else fails the test. */
export function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (isWireError(error)) return error.code;
    throw error;
  }
  throw new Error("nothing was thrown");
}
