import type { z } from "zod";
import { configFields } from "./fields.js";
import { nearestName } from "./nearest-name.js";
import type { ConfigProblem } from "./problem.js";

/** Turns what zod found into problems that say what is allowed and how to put it right. */
export function explainIssue(file: string, issue: z.core.$ZodIssue): readonly ConfigProblem[] {
  const field = formatPath(issue.path);
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => unknownKey(file, field, key));
  }
  const known = configFields.get(fieldPattern(issue.path));
  return [
    {
      file,
      field,
      problem: problemOf(issue),
      allowed: known?.allowed ?? "see the documented example configuration",
      fix: known === undefined ? "correct the value" : `write, for instance: ${known.example}`,
    },
  ];
}

/** `["listen", 0, "url"]` → `listen[0].url`. */
function formatPath(path: readonly PropertyKey[]): string {
  return path
    .map((step, i) =>
      typeof step === "number" ? `[${step}]` : `${i === 0 ? "" : "."}${String(step)}`,
    )
    .join("");
}

/** `["listen", 0, "url"]` → `listen[].url`, as `configFields` names it. */
export function fieldPattern(path: readonly PropertyKey[]): string {
  return formatPath(path).replaceAll(/\[\d+\]/g, "[]");
}

function unknownKey(file: string, table: string, key: string): ConfigProblem {
  const prefix = table === "" ? "" : `${table.replaceAll(/\[\d+\]/g, "[]")}.`;
  const siblings = [...configFields.keys()]
    .filter((path) => path.startsWith(prefix))
    .map((path) => path.slice(prefix.length))
    .filter((name) => name !== "" && !/[.[]/.test(name));
  const meant = nearestName(key, siblings);
  return {
    file,
    field: table === "" ? key : `${table}.${key}`,
    problem: "there is no such field",
    allowed: siblings.join(", "),
    fix: meant === undefined ? "remove it" : `did you mean ${meant}? Otherwise remove it`,
  };
}

function problemOf(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_type" || issue.code === "invalid_value") {
    if (issue.input === undefined) return "it is missing";
    return issue.code === "invalid_type"
      ? `${shown(issue.input)} is not ${article(issue.expected)}`
      : `${shown(issue.input)} is not allowed`;
  }
  if (issue.code === "too_small") {
    return `${shown(issue.input)} is below the limit of ${issue.minimum}${unitOf(issue.origin)}`;
  }
  if (issue.code === "too_big") {
    return `${shown(issue.input)} is above the limit of ${issue.maximum}${unitOf(issue.origin)}`;
  }
  return issue.code === "invalid_format" ? `${shown(issue.input)} has another form` : issue.message;
}

function unitOf(origin: string): string {
  if (origin === "string") return " characters";
  return origin === "array" ? " items" : "";
}

function article(type: string): string {
  const name =
    type === "int" ? "integer" : type === "object" ? "table" : type === "array" ? "list" : type;
  return `${/^[aeio]/.test(name) ? "an" : "a"} ${name}`;
}

// Values of a configuration are shown, because none of its fields holds a secret: secrets are in files.
function shown(value: unknown): string {
  const text = typeof value === "bigint" ? String(value) : (JSON.stringify(value) ?? typeof value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
