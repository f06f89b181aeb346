import { DcquicError } from "../errors.js";

/** The error of a call whose answerer ended its direction without the one message that the pattern asks for. */
export function noAnswer(): DcquicError {
  return new DcquicError("dcquic.protocol", "the answer has no message");
}
