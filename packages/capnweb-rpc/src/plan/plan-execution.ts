import type { Clock, Timers } from "@proj/wire-types";
import { CapnwebError } from "../errors.js";
import type { NodePath } from "./node-path.js";
import type { PlanNode } from "./plan.js";
import { PlanBudget, type PlanLimits } from "./plan-budget.js";
import { caught, failedAt, isCatchable } from "./plan-failure.js";
import { PlanResults } from "./plan-results.js";
import { PlanStop } from "./plan-stop.js";
import { member } from "./plan-value.js";
import { compare, compute } from "./primitive-operations.js";

/** A value on its way between nodes: boxed, since a result that is returned bare would be awaited. */
interface Box {
  readonly value: unknown;
}

/** One variable, and those around it. */
type Scope = { readonly name: string; value: unknown; readonly outer: Scope } | undefined;

/** Leaves the plan with a value. */
class EarlyReturn extends Error {
  readonly box: Box;

  constructor(box: Box) {
    super("return");
    this.box = box;
  }
}

/** What a run works with. */
export interface ExecutionParts {
  readonly captures: readonly object[];
  readonly params: unknown;
  readonly limits: PlanLimits;
  readonly time: Clock & Timers;
  readonly signal: AbortSignal | undefined;
}

type Element = { readonly box: Box; readonly element: unknown };

/** Evaluated nodes after which a run lets others have a turn of the event loop. */
const STEPS_PER_TURN = 4096;

/**
 * Runs one plan that has been checked. Nodes are evaluated one after the other, in the order
 * written; a call is made when it is met, and its result is awaited only where a primitive or an
 * array is needed, so calls that do not need each other overlap. spec/capnweb.md §19.3
 */
export class PlanExecution {
  readonly #parts: ExecutionParts;
  readonly #budget: PlanBudget;
  readonly #stop: PlanStop;
  readonly #results: PlanResults;

  /** The time runs from now on. */
  constructor(parts: ExecutionParts) {
    this.#parts = parts;
    this.#budget = new PlanBudget(parts.limits, parts.time);
    const late = this.#budget.outOfTime(undefined);
    this.#stop = new PlanStop(parts.time, this.#budget.leftUs, late, parts.signal);
    this.#results = new PlanResults(this.#budget, this.#stop);
  }

  /**
   * Answers the value of `body`: a copy that owns its stubs. Everything else that calls gave is freed.
   *
   * @throws {@link CapnwebError} `capnweb.plan_failed`, `capnweb.plan_budget`, `capnweb.cancelled`.
   */
  async run(body: PlanNode): Promise<unknown> {
    try {
      const { value } = await this.#returned(body);
      return await this.#results.finish(value);
    } finally {
      this.#stop.end();
      this.#results.free();
    }
  }

  async #returned(body: PlanNode): Promise<Box> {
    try {
      return await this.#eval(body, undefined, undefined);
    } catch (error) {
      if (error instanceof EarlyReturn) return error.box;
      throw error;
    }
  }

  async #eval(node: PlanNode, scope: Scope, at: NodePath): Promise<Box> {
    this.#budget.spendStep(at);
    this.#stop.check();
    if (this.#budget.steps % STEPS_PER_TURN === 0) await this.#turn();
    try {
      return await this.#evalNode(node, scope, at);
    } catch (error) {
      // The innermost place counts.
      throw error instanceof EarlyReturn || error instanceof CapnwebError
        ? error
        : failedAt(error, at);
    }
  }

  async #evalNode(node: PlanNode, scope: Scope, at: NodePath): Promise<Box> {
    const sub = (part: PlanNode, key: string, inner: Scope = scope): Promise<Box> =>
      this.#eval(part, inner, { parent: at, key });
    const forced = async (part: PlanNode, key: string, inner: Scope = scope): Promise<unknown> =>
      this.#results.force((await sub(part, key, inner)).value, { parent: at, key });
    switch (node.op) {
      case "literal":
        return { value: node.value };
      case "var":
        return { value: find(scope, node.name).value };
      case "param":
        return { value: member(this.#parts.params, node.path) };
      case "capture":
        return { value: this.#parts.captures[node.index] };
      case "let": {
        const { value } = await sub(node.value, "value");
        return sub(node.body, "body", { name: node.name, value, outer: scope });
      }
      case "set": {
        const box = await sub(node.value, "value");
        find(scope, node.name).value = box.value;
        return box;
      }
      case "do":
        return (await this.#each(node.steps, "steps", scope, at)).at(-1) ?? { value: undefined };
      case "get":
        return { value: member((await sub(node.from, "from")).value, node.path) };
      case "call":
        return this.#call(node, scope, at);
      case "object": {
        const fields: Record<string, unknown> = {};
        for (const [key, field] of Object.entries(node.fields)) {
          fields[key] = (
            await this.#eval(field, scope, { parent: { parent: at, key: "fields" }, key })
          ).value;
        }
        return this.#made(fields, at);
      }
      case "array": {
        const boxes = await this.#each(node.items, "items", scope, at);
        return this.#made(
          boxes.map(({ value }) => value),
          at,
        );
      }
      case "if":
        if (await forced(node.test, "test")) return sub(node.yes, "yes");
        return node.no === undefined ? { value: undefined } : sub(node.no, "no");
      case "and":
      case "or": {
        const value = await forced(node.left, "left");
        return Boolean(value) === (node.op === "or") ? { value } : sub(node.right, "right");
      }
      case "not":
        return { value: !(await forced(node.value, "value")) };
      case "compare": {
        const left = await forced(node.left, "left");
        return { value: compare(node.is, left, await forced(node.right, "right")) };
      }
      case "arithmetic": {
        const left = await forced(node.left, "left");
        return this.#made(compute(node.is, left, await forced(node.right, "right")), at);
      }
      case "map":
      case "filter":
      case "forEach": {
        const rounds = await this.#rounds(node, scope, at);
        if (node.op === "forEach") return { value: undefined };
        if (node.op === "map")
          return this.#made(
            rounds.map(({ box }) => box.value),
            at,
          );
        return this.#made(
          rounds.filter(({ box }) => Boolean(box.value)).map(({ element }) => element),
          at,
        );
      }
      case "reduce": {
        let box = await sub(node.from, "from");
        for (const element of await this.#elements(node.over, scope, at)) {
          this.#budget.spendIteration(at);
          const inner = {
            name: node.name,
            value: element,
            outer: { name: node.into, value: box.value, outer: scope },
          };
          box = await sub(node.body, "body", inner);
        }
        return box;
      }
      case "while": {
        let box: Box = { value: undefined };
        while (await forced(node.test, "test")) {
          this.#budget.spendIteration(at);
          box = await sub(node.body, "body");
        }
        return box;
      }
      case "try":
        try {
          return { value: await forced(node.body, "body") };
        } catch (error) {
          if (!isCatchable(error)) throw error;
          return sub(node.catch, "catch", { name: node.name, value: caught(error), outer: scope });
        }
      case "return":
        throw new EarlyReturn(await sub(node.value, "value"));
    }
  }

  async #call(node: Extract<PlanNode, { op: "call" }>, scope: Scope, at: NodePath): Promise<Box> {
    const { value } = await this.#eval(node.target, scope, { parent: at, key: "target" });
    const args = await this.#each(node.args, "args", scope, at);
    this.#budget.spendCall(at);
    const values = args.map((box) => box.value);
    return { value: this.#results.call(value, node.path, values) };
  }

  async #each(
    nodes: readonly PlanNode[],
    list: string,
    scope: Scope,
    at: NodePath,
  ): Promise<Box[]> {
    const boxes: Box[] = [];
    for (const [key, node] of nodes.entries()) {
      boxes.push(await this.#eval(node, scope, { parent: { parent: at, key: list }, key }));
    }
    return boxes;
  }

  async #rounds(
    node: Extract<PlanNode, { op: "map" | "filter" | "forEach" }>,
    scope: Scope,
    at: NodePath,
  ): Promise<Element[]> {
    const rounds: Element[] = [];
    const body: NodePath = { parent: at, key: "body" };
    for (const element of await this.#elements(node.over, scope, at)) {
      this.#budget.spendIteration(at);
      const inner = { name: node.name, value: element, outer: scope };
      const box = await this.#eval(node.body, inner, body);
      const kept =
        node.op === "filter" ? { value: await this.#results.force(box.value, body) } : box;
      rounds.push({ box: kept, element });
    }
    return rounds;
  }

  async #elements(over: PlanNode, scope: Scope, at: NodePath): Promise<readonly unknown[]> {
    const place: NodePath = { parent: at, key: "over" };
    const value = await this.#results.force((await this.#eval(over, scope, place)).value, place);
    if (Array.isArray(value)) return value;
    throw new TypeError(`an array is needed, not ${value === null ? "null" : typeof value}`);
  }

  #made(value: unknown, at: NodePath): Box {
    this.#results.weigh(value, at);
    return { value };
  }

  #turn(): Promise<void> {
    return this.#stop.race(new Promise((resolve) => void this.#parts.time.schedule(0, resolve)));
  }
}

/** Finds a variable, which checking has shown to be there. */
function find(scope: Scope, name: string): NonNullable<Scope> {
  for (let at = scope; at !== undefined; at = at.outer) if (at.name === name) return at;
  throw new ReferenceError(`no variable "${name}"`);
}
