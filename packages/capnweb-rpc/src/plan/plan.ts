/** The way from a value to one of its members: names, and indices of arrays. */
export type PlanPath = readonly (string | number)[];

/** Plain data inside a plan. */
export type PlanLiteral =
  | undefined
  | null
  | boolean
  | number
  | string
  | bigint
  | readonly PlanLiteral[]
  | { readonly [key: string]: PlanLiteral };

/** How two primitives are compared: `==` and `!=` without any conversion. */
export type Comparison = "==" | "!=" | "<" | "<=" | ">" | ">=";
/** What is done with two numbers; `+` joins two strings too. */
export type Arithmetic = "+" | "-" | "*" | "/" | "%";

/**
 * One step of a plan: an expression with a value. Nodes are plain data, so a plan crosses as the
 * argument of any call. spec/capnweb.md §19.3
 */
export type PlanNode =
  /** A constant. */
  | { readonly op: "literal"; readonly value: PlanLiteral }
  /** A variable of a surrounding `let`, loop or `try`. */
  | { readonly op: "var"; readonly name: string }
  /** The parameters, or what `path` leads to in them. */
  | { readonly op: "param"; readonly path: PlanPath }
  /** A stub that the caller gave along. */
  | { readonly op: "capture"; readonly index: number }
  /** `body`, with `value` as a variable. */
  | { readonly op: "let"; readonly name: string; readonly value: PlanNode; readonly body: PlanNode }
  /** Changes a variable; its value is the new one. */
  | { readonly op: "set"; readonly name: string; readonly value: PlanNode }
  /** One after the other; the value of the last. */
  | { readonly op: "do"; readonly steps: readonly PlanNode[] }
  /** A member, by the rules of spec/capnweb.md §7.3. */
  | { readonly op: "get"; readonly from: PlanNode; readonly path: PlanPath }
  /** A call on a stub: what it gives can be used before it is there. */
  | {
      readonly op: "call";
      readonly target: PlanNode;
      readonly path: PlanPath;
      readonly args: readonly PlanNode[];
    }
  | { readonly op: "object"; readonly fields: Readonly<Record<string, PlanNode>> }
  | { readonly op: "array"; readonly items: readonly PlanNode[] }
  | {
      readonly op: "if";
      readonly test: PlanNode;
      readonly yes: PlanNode;
      readonly no?: PlanNode | undefined;
    }
  /** The first value if that decides, otherwise the second, which is not looked at before. */
  | { readonly op: "and" | "or"; readonly left: PlanNode; readonly right: PlanNode }
  | { readonly op: "not"; readonly value: PlanNode }
  | {
      readonly op: "compare";
      readonly is: Comparison;
      readonly left: PlanNode;
      readonly right: PlanNode;
    }
  | {
      readonly op: "arithmetic";
      readonly is: Arithmetic;
      readonly left: PlanNode;
      readonly right: PlanNode;
    }
  /** `body` for every element of an array, in order: all values, the elements it approves, or nothing. */
  | {
      readonly op: "map" | "filter" | "forEach";
      readonly over: PlanNode;
      readonly name: string;
      readonly body: PlanNode;
    }
  /** `body` for every element, with what came of the one before as `into`. */
  | {
      readonly op: "reduce";
      readonly over: PlanNode;
      readonly name: string;
      readonly into: string;
      readonly from: PlanNode;
      readonly body: PlanNode;
    }
  /** `body` as long as `test` holds; the value of the last round. */
  | { readonly op: "while"; readonly test: PlanNode; readonly body: PlanNode }
  /** `body`, or `catch` with the error as a variable. Budgets and cancellation are not caught. */
  | {
      readonly op: "try";
      readonly body: PlanNode;
      readonly name: string;
      readonly catch: PlanNode;
    }
  /** Ends the plan. */
  | { readonly op: "return"; readonly value: PlanNode };

/** A program that is sent to where its objects are, instead of sending its calls one by one. */
export interface Plan {
  /** The version of this form. */
  readonly v: 1;
  /** How many stubs go along. */
  readonly captures: number;
  /** What it does; its value is the plan's. */
  readonly body: PlanNode;
}

/** The name of a node's kind. */
export type PlanOp = PlanNode["op"];
