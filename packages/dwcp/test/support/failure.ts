import { isWireError } from "@proj/wire-types";

/** Gives the code of the error that `work` throws, or `undefined` when it throws none. Other errors pass through. */
export function codeOf(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (thrown) {
    if (!isWireError(thrown)) throw thrown;
    return thrown.code;
  }
}
