import { CapnwebError } from "../errors.js";
import { describeIssues, formatIssues } from "./describe-issues.js";
import type { StandardSchema } from "./standard-schema.js";

/**
 * Awaits what a peer answers and holds it against `schema`: for a caller that does not trust the
 * peer's types. Answers what the schema gives back.
 *
 * @throws {@link CapnwebError} `capnweb.invalid_result`, with `issues`; the result is disposed then.
 */
export async function checked<T>(
  result: PromiseLike<unknown>,
  schema: StandardSchema<T>,
): Promise<T> {
  const value = await result;
  const outcome = await schema["~standard"].validate(value);
  if (outcome.issues === undefined) return outcome.value;
  if (typeof value === "object" && value !== null) {
    (value as Partial<Disposable>)[Symbol.dispose]?.();
  }
  const issues = describeIssues(outcome.issues);
  const error = new CapnwebError("capnweb.invalid_result", formatIssues(issues));
  throw Object.assign(error, { issues });
}
