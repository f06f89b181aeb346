import { isWireError } from "@proj/wire-types";

/** The code of the error that `attempt` throws; `undefined` when it succeeds. */
export function codeOf(attempt: () => unknown): string | undefined {
  try {
    attempt();
    return undefined;
  } catch (thrown) {
    if (isWireError(thrown)) return thrown.code;
    throw thrown;
  }
}
