import { dcquicCodeOf, DcquicError } from "../errors.js";
import { outcomeWords } from "./outcome-words.js";
import type { StreamOutcome } from "../stream/stream.js";
import { formatId, type Id64 } from "../wire/id64.js";

/** What an error of a stream is about. */
export interface StreamFacts {
  /** The peer's name. */
  readonly peer: string;
  /** The stream, once it has an id. */
  readonly stream: Id64 | undefined;
  /** Its causality token. */
  readonly token: Id64 | undefined;
}

/**
 * Makes the error with which the promises of a stream reject: `details` holds peer, stream, token, the root cause of a cascade
 * and the status that travelled.
 *
 * @see spec/dcquic.md §15
 */
export function outcomeError(outcome: StreamOutcome, facts: StreamFacts): DcquicError {
  const { status, reason, rootCause } = outcome;
  const { peer, stream, token } = facts;
  const code = dcquicCodeOf(status);
  const why = reason === "" ? outcomeWords(code, status) : reason;
  return new DcquicError(code, `a stream with ${peer} ended: ${why}`, {
    details: {
      status,
      peer,
      ...(stream === undefined ? {} : { stream: formatId(stream) }),
      ...(token === undefined ? {} : { token: formatId(token) }),
      ...(rootCause === undefined ? {} : { rootCause: formatId(rootCause) }),
    },
  });
}
