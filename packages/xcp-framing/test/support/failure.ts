import { isWireError, type WireError } from "@proj/wire-types";

/** Waits for `attempt` to fail with an error of this suite and returns it. */
export async function failure(attempt: Promise<unknown>): Promise<WireError> {
  try {
    await attempt;
  } catch (thrown) {
    if (isWireError(thrown)) return thrown;
    throw thrown;
  }
  throw new Error("it succeeded");
}
