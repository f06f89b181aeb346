import { CapnwebError } from "../errors.js";
import { formatPath, type NodePath } from "./node-path.js";

/** Says where in a plan something failed. */
export function failedAt(cause: unknown, at: NodePath): CapnwebError {
  const path = formatPath(at);
  const why = cause instanceof Error ? cause.message : String(cause);
  return new CapnwebError("capnweb.plan_failed", `${path}: ${why}`, { details: { path }, cause });
}

/** Whether the plan itself may go on after `error`: not after a budget is spent, or a stop. */
export function isCatchable(error: unknown): error is CapnwebError {
  return error instanceof CapnwebError && error.code === "capnweb.plan_failed";
}

/** What a plan sees of an error: plain data. */
export function caught({ cause, message }: CapnwebError): unknown {
  if (!(cause instanceof Error)) return { name: "Error", message, value: cause };
  const { code } = cause as { readonly code?: unknown };
  const known = { name: cause.name, message: cause.message };
  return typeof code === "string" || typeof code === "number" ? { ...known, code } : known;
}
