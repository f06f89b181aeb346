import type { RpcPromise, RpcStub } from "../types.js";
import type { Arithmetic, Comparison, PlanLiteral, PlanNode } from "./plan.js";

/** What a `T` is once it has arrived: what a stub or a promise stands for. */
export type KnownOf<T> = T extends RpcStub<infer V> | RpcPromise<infer V> ? V : Awaited<T>;
/** What a method gives. */
export type ResultOf<F> = F extends (...args: never[]) => infer R ? KnownOf<R> : unknown;
/** What may be passed to a method. */
export type OperandsOf<F> = F extends (...args: infer A) => unknown
  ? { [K in keyof A]: Operand<A[K]> }
  : never;
/** What an array holds. */
export type ElementOf<T> = KnownOf<T> extends readonly (infer E)[] ? E : never;

/** A constant is one value of its type: what is computed from it may be another. */
export type Wide<T> = T extends number
  ? number
  : T extends string
    ? string
    : T extends boolean
      ? boolean
      : T extends bigint
        ? bigint
        : T;

/** What may stand where a plan needs a `T`: an expression, plain data, or plain data with expressions in it. */
export type Operand<T> = unknown extends T
  ? unknown
  :
      | Expr<T>
      | (T extends PlanLiteral ? T : never)
      | (T extends object ? { readonly [K in keyof T]: Operand<T[K]> } : never);

let names = 0;

/** Counts variables anew while `build` runs, so that the same plan always has the same names. */
export function withFreshNames<R>(build: () => R): R {
  const outer = names;
  names = 0;
  try {
    return build();
  } finally {
    names = outer;
  }
}

/** Makes an expression of what a variable of a new name is bound to. */
function bound<T>(): { readonly name: string; readonly variable: Variable<T> } {
  const name = `v${++names}`;
  return { name, variable: new Variable<T>({ op: "var", name }) };
}

/** Part of a plan that is being written: stands for a `T` that exists where the plan will run. */
export class Expr<T = unknown> {
  /** What crosses. */
  readonly node: PlanNode;
  /** Exists for the compiler alone: an expression of one type is none of another. */
  declare protected readonly stands: T;

  /** Wraps a node. */
  constructor(node: PlanNode) {
    this.node = node;
  }

  /** Reads a member. */
  get<K extends keyof KnownOf<T> & (string | number)>(key: K): Expr<KnownOf<KnownOf<T>[K]>> {
    return new Expr({ op: "get", from: this.node, path: [key] });
  }

  /** Calls a method. */
  call<K extends keyof KnownOf<T> & string>(
    method: K,
    ...args: OperandsOf<KnownOf<T>[K]>
  ): Expr<ResultOf<KnownOf<T>[K]>> {
    return callOf(this.node, [method], args);
  }

  /** Calls the function that this is. */
  invoke(...args: OperandsOf<KnownOf<T>>): Expr<ResultOf<KnownOf<T>>> {
    return callOf(this.node, [], args);
  }

  /** Applies `body` to every element. */
  map<R>(body: (element: Expr<ElementOf<T>>) => Operand<R>): Expr<KnownOf<R>[]> {
    return this.#loop("map", body);
  }

  /** Keeps the elements that `test` holds for. */
  filter(test: (element: Expr<ElementOf<T>>) => Operand<boolean>): Expr<ElementOf<T>[]> {
    return this.#loop("filter", test);
  }

  /** Does `body` for every element. */
  forEach(body: (element: Expr<ElementOf<T>>) => Operand<unknown>): Expr<undefined> {
    return this.#loop("forEach", body);
  }

  /** Joins the elements, one after the other, beginning with `from`. */
  reduce<R>(
    from: Operand<R>,
    body: (into: Expr<Wide<R>>, element: Expr<ElementOf<T>>) => Operand<Wide<R>>,
  ): Expr<Wide<R>> {
    const into = bound<Wide<R>>();
    const element = bound<ElementOf<T>>();
    return new Expr({
      op: "reduce",
      over: this.node,
      name: element.name,
      into: into.name,
      from: nodeOf(from),
      body: nodeOf(body(into.variable, element.variable)),
    });
  }

  /** Compares. */
  is(comparison: Comparison, right: Operand<Wide<T>>): Expr<boolean> {
    return new Expr({ op: "compare", is: comparison, left: this.node, right: nodeOf(right) });
  }

  /** Computes, or joins texts with `+`. */
  compute(operation: Arithmetic, right: Operand<Wide<T>>): Expr<Wide<T>> {
    return new Expr({ op: "arithmetic", is: operation, left: this.node, right: nodeOf(right) });
  }

  #loop<R>(
    op: "map" | "filter" | "forEach",
    body: (element: Expr<ElementOf<T>>) => unknown,
  ): Expr<R> {
    const { name, variable } = bound<ElementOf<T>>();
    return new Expr({ op, over: this.node, name, body: nodeOf(body(variable)) });
  }
}

/** A variable that can be changed. */
export class Variable<T> extends Expr<T> {
  /** Changes it; the expression's value is the new one. */
  set(value: Operand<T>): Expr<T> {
    const { name } = this.node as Extract<PlanNode, { op: "var" }>;
    return new Expr({ op: "set", name, value: nodeOf(value) });
  }
}

/** Makes an expression of plain data, or of plain data with expressions in it. */
export function expr<T>(value: Operand<T>): Expr<Wide<T>> {
  return new Expr(nodeOf(value));
}

/** The first of two, or the second, by `test`. */
export function when<T, U = undefined>(
  test: Operand<boolean>,
  yes: Operand<T>,
  no?: Operand<U>,
): Expr<Wide<T> | Wide<U>> {
  const node = { op: "if", test: nodeOf(test), yes: nodeOf(yes) } as const;
  return new Expr(no === undefined ? node : { ...node, no: nodeOf(no) });
}

/** Whether both hold; the second is not looked at when the first does not. */
export function both(left: Operand<boolean>, right: Operand<boolean>): Expr<boolean> {
  return new Expr({ op: "and", left: nodeOf(left), right: nodeOf(right) });
}

/** Whether either holds; the second is not looked at when the first does. */
export function either(left: Operand<boolean>, right: Operand<boolean>): Expr<boolean> {
  return new Expr({ op: "or", left: nodeOf(left), right: nodeOf(right) });
}

/** Whether it does not hold. */
export function not(value: Operand<boolean>): Expr<boolean> {
  return new Expr({ op: "not", value: nodeOf(value) });
}

/** Works with a value under a name: it is computed once, and can be changed. */
export function bind<T, R>(
  value: Operand<T>,
  body: (variable: Variable<Wide<T>>) => Operand<R>,
): Expr<R> {
  const { name, variable } = bound<Wide<T>>();
  return new Expr({ op: "let", name, value: nodeOf(value), body: nodeOf(body(variable)) });
}

/** One after the other; the value of the last. */
export function sequence<R>(...steps: [...Operand<unknown>[], Operand<R>]): Expr<R> {
  return new Expr({ op: "do", steps: steps.map(nodeOf) });
}

/** Does `body` as long as `test` holds. */
export function repeat<R>(test: Operand<boolean>, body: Operand<R>): Expr<R | undefined> {
  return new Expr({ op: "while", test: nodeOf(test), body: nodeOf(body) });
}

/** The value of `body`, or what `otherwise` makes of its failure. */
export function attempt<T>(
  body: Operand<T>,
  otherwise: (error: Expr<{ name: string; message: string; code?: string | number }>) => Operand<T>,
): Expr<T> {
  const { name, variable } = bound<{ name: string; message: string; code?: string | number }>();
  return new Expr({ op: "try", body: nodeOf(body), name, catch: nodeOf(otherwise(variable)) });
}

/** Ends the plan with a value. */
export function finish<T>(value: Operand<unknown>): Expr<T> {
  return new Expr({ op: "return", value: nodeOf(value) });
}

/** Turns an operand into a node. */
export function nodeOf(value: unknown): PlanNode {
  if (value instanceof Expr) return value.node;
  if (Array.isArray(value)) {
    return hasExpr(value)
      ? { op: "array", items: value.map(nodeOf) }
      : { op: "literal", value: value as PlanLiteral[] };
  }
  if (typeof value === "object" && value !== null && hasExpr(value)) {
    const fields = Object.entries(value).map(([key, member]) => [key, nodeOf(member)] as const);
    return { op: "object", fields: Object.fromEntries(fields) };
  }
  return { op: "literal", value: value as PlanLiteral };
}

function hasExpr(value: unknown): boolean {
  if (value instanceof Expr) return true;
  return typeof value === "object" && value !== null && Object.values(value).some(hasExpr);
}

function callOf<R>(target: PlanNode, path: readonly string[], args: readonly unknown[]): Expr<R> {
  return new Expr({ op: "call", target, path, args: args.map(nodeOf) });
}
