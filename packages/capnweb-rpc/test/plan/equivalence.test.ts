import { expect, test } from "@jest/globals";
import {
  buildPlan,
  type Expr,
  RpcSession,
  type RpcStub,
  RpcTarget,
  runPlan,
} from "@proj/capnweb-rpc";
import fc from "fast-check";
import { MemoryTransport } from "../support/memory-transport.js";

interface Row {
  readonly n: number;
}
class Api extends RpcTarget {
  readonly #rows: readonly Row[];
  constructor(rows: readonly Row[]) {
    super();
    this.#rows = rows;
  }
  rows() {
    return this.#rows as Row[];
  }
  add(a: number, b: number) {
    return a + b;
  }
}

/** What both a mapper and a plan can say of a row. */
type Formula =
  | { readonly kind: "n" }
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "sum"; readonly left: Formula; readonly right: Formula }
  | { readonly kind: "both"; readonly left: Formula; readonly right: Formula };

const { shape } = fc.letrec<{ number: Formula; shape: Formula }>((tie) => ({
  number: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constant<Formula>({ kind: "n" }),
    fc.integer().map<Formula>((value) => ({ kind: "constant", value })),
    fc
      .tuple(tie("number"), tie("number"))
      .map<Formula>(([left, right]) => ({ kind: "sum", left, right })),
  ),
  shape: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    tie("number"),
    fc
      .tuple(tie("shape"), tie("shape"))
      .map<Formula>(([left, right]) => ({ kind: "both", left, right })),
  ),
}));

function mapped(formula: Formula, row: RpcStub<Row>, api: RpcStub<Api>): unknown {
  const sub = (part: Formula) => mapped(part, row, api) as never;
  switch (formula.kind) {
    case "n":
      return row.n;
    case "constant":
      return formula.value;
    case "sum":
      return api.add(sub(formula.left), sub(formula.right));
    case "both":
      return { left: sub(formula.left), list: [sub(formula.right)] };
  }
}

function planned(formula: Formula, row: Expr<Row>, api: Expr<Api>): unknown {
  const sub = (part: Formula) => planned(part, row, api) as never;
  switch (formula.kind) {
    case "n":
      return row.get("n");
    case "constant":
      return formula.value;
    case "sum":
      return api.call("add", sub(formula.left), sub(formula.right));
    case "both":
      return { left: sub(formula.left), list: [sub(formula.right)] };
  }
}

test("§19.3: a plan of what a mapper can say gives what map() gives", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ n: fc.integer() }, { noNullPrototype: true })),
      shape,
      async (rows, formula) => {
        const [client, server] = MemoryTransport.pair();
        void new RpcSession(server, new Api(rows));
        const api = new RpcSession<Api>(client).getRemoteMain();
        const byMap = await api.rows().map((row) => mapped(formula, row, api) as never);
        const plan = buildPlan<[Api], undefined, unknown>(1, ({ captures: [remote] }) =>
          remote.call("rows").map((row) => planned(formula, row, remote)),
        );
        const byPlan = await runPlan(plan, [api]);
        expect(byPlan).toEqual([...(byMap as unknown[])]);
      },
    ),
    { numRuns: Number(process.env["FUZZ_RUNS"] ?? 50) },
  );
});
