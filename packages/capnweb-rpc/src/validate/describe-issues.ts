import type { SchemaIssue } from "./standard-schema.js";

/** One thing wrong with an argument or a result, in plain data that crosses to a peer. */
export interface Issue {
  /** The way to it from the argument list or the result, joined by dots. */
  readonly at: string;
  /** What is wrong, for people. */
  readonly message: string;
}

/** How many issues an error carries: a long list of wrong elements helps nobody. */
const MAX_ISSUES = 16;

/** Turns what a schema found into plain data. */
export function describeIssues(issues: readonly SchemaIssue[]): readonly Issue[] {
  return issues.slice(0, MAX_ISSUES).map(({ message, path }) => ({
    at: (path ?? []).map((step) => String(typeof step === "object" ? step.key : step)).join("."),
    message,
  }));
}

/** Joins issues to one line. */
export function formatIssues(issues: readonly Issue[]): string {
  return issues.map(({ at, message }) => (at === "" ? message : `${at}: ${message}`)).join("; ");
}
