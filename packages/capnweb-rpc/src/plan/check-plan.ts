import { CapnwebError } from "../errors.js";
import { stubCore } from "../core/stub-handle.js";
import { isFilteredKey } from "../wire/filtered-key.js";
import { formatPath, type NodePath } from "./node-path.js";
import type { Plan, PlanOp } from "./plan.js";
import type { PlanLimits } from "./plan-budget.js";

/** What a member of a node must be. */
type Part =
  | "node"
  | "nodeOrNothing"
  | "nodes"
  | "fields"
  | "path"
  | "longPath"
  | "name"
  | "literal"
  | "index"
  | readonly string[];

const name: Part = "name";
const loop: Readonly<Record<string, Part>> = { over: "node", name, body: "node" };
const pair: Readonly<Record<string, Part>> = { left: "node", right: "node" };

/** The members of every kind of node; there are no others. */
const forms: { readonly [K in PlanOp]: Readonly<Record<string, Part>> } = {
  literal: { value: "literal" },
  var: { name },
  param: { path: "path" },
  capture: { index: "index" },
  let: { name, value: "node", body: "node" },
  set: { name, value: "node" },
  do: { steps: "nodes" },
  get: { from: "node", path: "longPath" },
  call: { target: "node", path: "path", args: "nodes" },
  object: { fields: "fields" },
  array: { items: "nodes" },
  if: { test: "node", yes: "node", no: "nodeOrNothing" },
  and: pair,
  or: pair,
  not: { value: "node" },
  compare: { is: ["==", "!=", "<", "<=", ">", ">="], ...pair },
  arithmetic: { is: ["+", "-", "*", "/", "%"], ...pair },
  map: loop,
  filter: loop,
  forEach: loop,
  reduce: { over: "node", name, into: name, from: "node", body: "node" },
  while: { test: "node", body: "node" },
  try: { body: "node", name, catch: "node" },
  return: { value: "node" },
};

/** The members of a node in which its variables are known. */
const binds: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  let: { body: ["name"] },
  map: { body: ["name"] },
  filter: { body: ["name"] },
  forEach: { body: ["name"] },
  reduce: { body: ["name", "into"] },
  try: { catch: ["name"] },
};

type Scope = ReadonlySet<string>;

/** With a member `then`, a value would be taken for a promise wherever it is awaited. */
const POSING = "a field must not be called as what Object or a promise has";

/**
 * Checks a plan from a peer as a whole: its form, the names it uses, its size. Total: any value is a
 * plan, or refused.
 *
 * @param captures How many stubs came along.
 * @throws {@link CapnwebError} `capnweb.plan_invalid`, with the path of the node.
 */
export function checkPlan(value: unknown, captures: number, limits: PlanLimits): Plan {
  const plan = value as Partial<Record<keyof Plan, unknown>>;
  if (!isPlain(value)) throw invalid(undefined, "a plan is an object");
  if (plan.v !== 1) throw invalid(undefined, "plans have version 1");
  if (plan.captures !== captures) {
    throw invalid(undefined, `the plan wants ${String(plan.captures)} captures, ${captures} came`);
  }
  let nodes = 0;
  checkNode(plan.body, undefined, new Set(), 0);
  return value as unknown as Plan;

  function checkNode(node: unknown, at: NodePath, scope: Scope, depth: number): void {
    if (++nodes > limits.maxNodes) throw invalid(at, `more than ${limits.maxNodes} nodes`);
    if (depth >= limits.maxDepth) throw invalid(at, `more than ${limits.maxDepth} levels`);
    if (!isPlain(node)) throw invalid(at, "a node is an object");
    const { op } = node;
    if (typeof op !== "string" || !Object.hasOwn(forms, op)) throw invalid(at, "no such operation");
    const form = forms[op as PlanOp];
    for (const key of Object.keys(node)) {
      if (key !== "op" && !Object.hasOwn(form, key))
        throw invalid(at, `"${op}" has no such member`);
    }
    for (const [key, part] of Object.entries(form)) {
      const names = binds[op]?.[key]?.map((binding) => node[binding] as string) ?? [];
      const inner = names.length === 0 ? scope : new Set([...scope, ...names]);
      checkPart(node[key], part, { parent: at, key }, inner, depth + 1);
    }
    if ((op === "var" || op === "set") && !scope.has(node["name"] as string)) {
      throw invalid(at, "no such variable");
    }
  }

  function checkPart(part: unknown, kind: Part, at: NodePath, scope: Scope, depth: number): void {
    switch (kind) {
      case "node":
        return checkNode(part, at, scope, depth);
      case "nodeOrNothing":
        return part === undefined ? undefined : checkNode(part, at, scope, depth);
      case "nodes":
        if (!Array.isArray(part)) throw invalid(at, "a list of nodes is expected");
        for (const [key, node] of part.entries()) {
          checkNode(node, { parent: at, key }, scope, depth);
        }
        return;
      case "fields":
        if (!isPlain(part)) throw invalid(at, "an object of nodes is expected");
        for (const [key, node] of Object.entries(part)) {
          const inner = { parent: at, key };
          if (isFilteredKey(key) || key === "then") throw invalid(inner, POSING);
          checkNode(node, inner, scope, depth);
        }
        return;
      case "path":
      case "longPath":
        if (!isPath(part) || (kind === "longPath" && part.length === 0)) {
          throw invalid(at, "a path of names and indices is expected");
        }
        return;
      case "name":
        if (typeof part !== "string") throw invalid(at, "a name is expected");
        return;
      case "index":
        if (!Number.isSafeInteger(part) || (part as number) < 0 || (part as number) >= captures) {
          throw invalid(at, "no such capture");
        }
        return;
      case "literal":
        return checkLiteral(part, at, depth);
      default:
        if (!kind.includes(part as string)) throw invalid(at, "no such operator");
    }
  }

  function checkLiteral(literal: unknown, at: NodePath, depth: number): void {
    if (++nodes > limits.maxNodes) throw invalid(at, `more than ${limits.maxNodes} nodes`);
    if (depth >= limits.maxDepth) throw invalid(at, `more than ${limits.maxDepth} levels`);
    if (typeof literal === "function" || typeof literal === "symbol") {
      throw invalid(at, "a literal is plain data");
    }
    if (typeof literal !== "object" || literal === null) return;
    if (!Array.isArray(literal) && !isPlain(literal)) throw invalid(at, "a literal is plain data");
    for (const [key, member] of Object.entries(literal)) {
      const inner = { parent: at, key };
      if (isFilteredKey(key) || key === "then") throw invalid(inner, POSING);
      checkLiteral(member, inner, depth + 1);
    }
  }
}

function invalid(at: NodePath, why: string): CapnwebError {
  const path = formatPath(at);
  return new CapnwebError("capnweb.plan_invalid", `${path}: ${why}`, { details: { path } });
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || stubCore(value) !== undefined) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function isPath(value: unknown): value is readonly (string | number)[] {
  return (
    Array.isArray(value) &&
    value.every((key) => typeof key === "string" || Number.isSafeInteger(key))
  );
}
