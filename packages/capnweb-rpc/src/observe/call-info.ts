import { isWireError } from "@proj/wire-types";

/** A call as an observer sees it: no arguments, no results. */
export interface CallInfo {
  /** Names the call in logs: the session's id, the caller's side, and the number both sides count. */
  readonly requestId: string;
  /** The session, by the id that this side gave it. */
  readonly sessionId: string;
  /** `client` where this side makes the call, `server` where it carries it out. */
  readonly side: "client" | "server";
  /** What is done: a call, the reading of a property, or a mapper. */
  readonly kind: "call" | "read" | "map";
  /** The path from the object called, such as `add` or `user.name`; `(self)` where it is empty. */
  readonly method: string;
  /** Where the call belongs, as W3C has it; on the server only if the caller told. */
  readonly traceparent: string | undefined;
}

/** How a call ended. */
export interface CallOutcome {
  /** `released` when nobody waited for the result. */
  readonly outcome: "ok" | "error" | "released" | "lost";
  /** Seconds from the call to its answer. */
  readonly seconds: number;
  /** The name of the error that was thrown, and its code if it has one. */
  readonly error?: { readonly name: string; readonly code?: string | undefined } | undefined;
}

/** UTF-16 code units of a method in logs and labels: it comes from the peer. */
const MAX_METHOD = 128;
/** What a log must not be given from outside: line breaks and other controls. */
const UNSAFE = /[^\x20-\x7e]/g;

/** Reads what a pushed expression does; `undefined` for plain data. */
export function readCall(
  expression: unknown,
): { readonly kind: CallInfo["kind"]; readonly method: string } | undefined {
  if (!Array.isArray(expression)) return undefined;
  const [tag, , path] = expression as readonly unknown[];
  if (tag !== "pipeline" && tag !== "remap") return undefined;
  const kind = tag === "remap" ? "map" : expression.length > 3 ? "call" : "read";
  return { kind, method: Array.isArray(path) ? methodOf(path) : "(self)" };
}

/** Reads the name and the code of an error on its way; nothing else of it is logged. */
export function readError(expression: unknown): NonNullable<CallOutcome["error"]> {
  if (!Array.isArray(expression) || expression[0] !== "error") return { name: "(value)" };
  const [, name, , , properties] = expression as readonly unknown[];
  const { code } = (properties ?? {}) as { readonly code?: unknown };
  return {
    name: safe(String(name)),
    ...(typeof code === "string" ? { code: safe(code) } : {}),
  };
}

function methodOf(path: readonly unknown[]): string {
  return path.length === 0 ? "(self)" : safe(path.join("."));
}

/** Makes text from a peer fit for a log. */
function safe(text: string): string {
  return text.slice(0, MAX_METHOD).replace(UNSAFE, "?");
}

/** What of an error is logged: its code, or its name. */
export function reasonOf(reason: unknown): string {
  if (isWireError(reason)) return safe(reason.code);
  return safe(reason instanceof Error ? reason.name : typeof reason);
}
