import { describe, expect, test } from "@jest/globals";
import {
  attempt,
  bind,
  both,
  buildPlan,
  CapnwebError,
  either,
  expr,
  finish,
  not,
  type PlanInputs,
  PlanRunner,
  repeat,
  requestPlan,
  RpcSession,
  type RpcStub,
  RpcTarget,
  runPlan,
  sequence,
  when,
} from "@proj/capnweb-rpc";
import { ManualTime } from "@proj/wire-types";
import * as reference from "capnweb";
import fc from "fast-check";
import { checkPlan } from "#src/plan/check-plan.js";
import { planLimits } from "#src/plan/plan-budget.js";
import { MemoryTransport, turns } from "../support/memory-transport.js";

const runs = { numRuns: Number(process.env["FUZZ_RUNS"] ?? 100) };

class Account extends RpcTarget {
  readonly #log: string[];
  readonly #id: number;
  constructor(id: number, log: string[]) {
    super();
    this.#id = id;
    this.#log = log;
  }
  balance() {
    return this.#id * 10;
  }
  owner() {
    return { name: `owner ${this.#id}`, tags: ["a", "b"] };
  }
  [Symbol.dispose]() {
    this.#log.push(`free ${this.#id}`);
  }
}

class Bank extends RpcTarget {
  readonly #log: string[];
  constructor(log: string[] = []) {
    super();
    this.#log = log;
  }
  ids() {
    return [1, 2, 3];
  }
  account(id: number) {
    if (id > 90) throw Object.assign(new RangeError(`no account ${id}`), { code: "E_ACCOUNT" });
    return new Account(id, this.#log);
  }
  add(a: number, b: number) {
    return a + b;
  }
  join(parts: { left: string; right: string[] }) {
    return parts.left + parts.right.join();
  }
  never(): Promise<number> {
    return new Promise(() => undefined);
  }
  get rate() {
    return 3;
  }
}

const run = (
  build: (inputs: PlanInputs<[Bank], { n: number; list: number[]; text: string }>) => never,
  options = {},
  log: string[] = [],
) => {
  const plan = buildPlan<[Bank], { n: number; list: number[]; text: string }, unknown>(1, build);
  return runPlan(plan, [new Bank(log)], { n: 4, list: [5, 6, 7], text: "x" }, options);
};
type Inputs = PlanInputs<[Bank], { n: number; list: number[]; text: string }>;
const running = (build: (inputs: Inputs) => unknown, options = {}, log: string[] = []) =>
  run(build as never, options, log);

describe("§19.3: every operation", () => {
  const cases: readonly [string, (inputs: Inputs) => unknown, unknown][] = [
    ["literals", () => expr([1, "two", { three: null }, true]), [1, "two", { three: null }, true]],
    ["params and paths", ({ params }) => params.get("list").get(1), 6],
    ["calls", ({ captures: [bank] }) => bank.call("add", 1, 2), 3],
    ["getters of a stub", ({ captures: [bank] }) => bank.get("rate"), 3],
    [
      "results of calls as targets and arguments",
      ({ captures: [bank] }) => bank.call("account", bank.call("add", 1, 1)).call("balance"),
      20,
    ],
    [
      "objects and arrays with results in them",
      ({ captures: [bank], params }) => ({
        sum: bank.call("add", params.get("n"), 1),
        list: [bank.call("join", { left: params.get("text"), right: ["y"] }), 1],
      }),
      { sum: 5, list: ["xy", 1] },
    ],
    ["if", ({ params }) => when(params.get("n").is(">", 3), "more", "less"), "more"],
    ["if without else", ({ params }) => when(params.get("n").is("<", 3), "less"), undefined],
    [
      "if by the result of a call",
      ({ captures: [b] }) => when(b.call("add", 0, 0) as never, 1, 2),
      2,
    ],
    ["and", () => both(true, not(false)), true],
    ["and decides early", () => both(false, finish(1)), false],
    ["or", () => either(false, expr(1).is("==", 1)), true],
    ["or decides early", () => either(true, finish(1)), true],
    [
      "comparison",
      () => [expr(1).is("!=", 2), expr("b").is(">=", "a"), expr(2n).is("<=", 1n)],
      [true, true, false],
    ],
    [
      "arithmetic",
      () => expr(7).compute("-", 1).compute("*", 3).compute("/", 2).compute("%", 5),
      4,
    ],
    ["text", () => expr("a").compute("+", "b"), "ab"],
    ["let", ({ params }) => bind(params.get("n"), (n) => n.compute("*", n)), 16],
    [
      "map",
      ({ params, captures: [bank] }) => params.get("list").map((n) => bank.call("add", n, 1)),
      [6, 7, 8],
    ],
    ["filter", ({ params }) => params.get("list").filter((n) => n.is(">", 5)), [6, 7]],
    ["reduce", ({ params }) => params.get("list").reduce(0, (sum, n) => sum.compute("+", n)), 18],
    [
      "forEach and set",
      ({ params }) =>
        bind(0, (sum) =>
          sequence(
            params.get("list").forEach((n) => sum.set(sum.compute("+", n))),
            sum,
          ),
        ),
      18,
    ],
    [
      "while",
      () => bind(1, (n) => sequence(repeat(n.is("<", 100), n.set(n.compute("*", 2))), n)),
      128,
    ],
    ["the value of while", () => repeat(false, 1), undefined],
    [
      "try",
      ({ captures: [bank] }) => attempt(bank.call("account", 99), (error) => error as never),
      { name: "RangeError", message: "no account 99", code: "E_ACCOUNT" },
    ],
    [
      "try without a failure",
      ({ captures: [bank] }) => attempt(bank.call("add", 1, 1), () => 0),
      2,
    ],
    [
      "return out of a loop",
      ({ params }) => params.get("list").forEach((n) => when(n.is("==", 6), finish({ found: n }))),
      { found: 6 },
    ],
    ["an empty sequence", () => sequence(undefined), undefined],
    [
      "a map over the result of a call",
      ({ captures: [b] }) =>
        b.call("ids").map((id) => b.call("account", id).call("owner").get("tags").get(0)),
      ["a", "a", "a"],
    ],
  ];
  test.each(cases)("%s", async (_name, build, expected) => {
    expect(await running(build)).toEqual(expected);
  });
});

describe("§19.3: execution", () => {
  test("calls that do not need each other overlap", async () => {
    const started: number[] = [];
    const releases: (() => void)[] = [];
    class Slow extends RpcTarget {
      get(n: number) {
        started.push(n);
        return new Promise((resolve) => releases.push(() => resolve(n)));
      }
    }
    const plan = buildPlan<[Slow], undefined, unknown>(1, ({ captures: [slow] }) => [
      slow.call("get", 1),
      slow.call("get", 2),
      { three: slow.call("get", 3) },
    ]);
    const result = runPlan(plan, [new Slow()]);
    await turns(200);
    expect(started).toEqual([1, 2, 3]);
    for (const release of releases) release();
    expect(await result).toEqual([1, 2, { three: 3 }]);
  });

  test("stubs are freed unless they are returned", async () => {
    const log: string[] = [];
    const result = (await running(
      ({ captures: [bank] }) =>
        sequence(
          bank.call("account", 1).call("balance"),
          bind(bank.call("account", 2), (account) => ({ account, of: account.call("owner") })),
        ),
      {},
      log,
    )) as { account: RpcStub<Account>; of: { name: string } };
    expect(log).toEqual(["free 1"]);
    expect(result.of.name).toBe("owner 2");
    expect(await result.account.balance()).toBe(20);
    result.account[Symbol.dispose]();
    expect(log).toEqual(["free 1", "free 2"]);
  });

  test("a failed call says where in the plan it was", async () => {
    const failing = running(({ captures: [bank] }) => ({
      a: [1, bank.call("account", 99).call("balance")],
    }));
    await expect(failing).rejects.toMatchObject({
      code: "capnweb.plan_failed",
      message: "body: no account 99",
      cause: { name: "RangeError", code: "E_ACCOUNT" },
    });
    await expect(
      running(({ captures: [bank] }) => ({
        a: bank.call("account", 99).call("balance").is("<", 1),
      })),
    ).rejects.toMatchObject({ details: { path: "body.fields.a.left" } });
  });

  test.each<[string, (inputs: Inputs) => unknown, RegExp]>([
    [
      "calling plain data",
      ({ params }) => (params as never as { call(m: string): unknown }).call("n"),
      /body: .*only stubs/,
    ],
    [
      "a method of an array",
      ({ params }) => (params.get("list") as never as { call(m: string): unknown }).call("push"),
      /only stubs/,
    ],
    [
      "prototypes",
      ({ params }) =>
        (params as never as { get(m: string): { get(m: string): unknown } })
          .get("constructor")
          .get("x"),
      /Cannot read properties of undefined/,
    ],
    [
      "mixed arithmetic",
      ({ params }) => params.get("n").compute("+", "1" as never),
      /number \+ string has no meaning/,
    ],
    [
      "comparing objects",
      ({ params }) => params.get("list").is("==", [1]),
      /object == object has no meaning/,
    ],
    [
      "ordering mixed types",
      ({ params }) => params.get("n").is("<", "5" as never),
      /number < string/,
    ],
    [
      "looping over no array",
      ({ params }) => (params.get("text") as never as { map(f: unknown): unknown }).map(() => 1),
      /an array is needed, not string/,
    ],
  ])("refuses %s", async (_name, build, why) => {
    await expect(running(build)).rejects.toMatchObject({
      code: "capnweb.plan_failed",
      message: expect.stringMatching(why) as unknown,
    });
  });

  test("an error of the suite's own from a call is a failure like others, and can be caught", async () => {
    class Nested extends RpcTarget {
      run(): number {
        throw new CapnwebError("capnweb.plan_budget", "of another plan");
      }
    }
    const plan = buildPlan<[Nested], undefined, unknown>(1, ({ captures: [nested] }) =>
      attempt(nested.call("run") as never, (error) => error.get("message") as never),
    );
    expect(await runPlan(plan, [new Nested()])).toBe("of another plan");
  });

  test("a member of a stub is never a method of the stub itself", async () => {
    const plan = {
      v: 1,
      captures: 1,
      body: { op: "call", target: { op: "capture", index: 0 }, path: ["dup"], args: [] },
    };
    await expect(runPlan(plan, [new Bank()])).rejects.toThrow("'dup' is not a function.");
    const then = {
      ...plan,
      body: { op: "get", from: { op: "capture", index: 0 }, path: ["then"] },
    };
    expect(await runPlan(then, [new Bank()])).toBeUndefined();
  });
});

describe("§19.3: budgets", () => {
  const forever = () => repeat(true, 1);
  const double = () =>
    bind("x", (text) =>
      repeat(
        true,
        (text as never as { set(v: unknown): unknown }).set(
          text.compute("+", text as never),
        ) as never,
      ),
    );
  const nest = () => bind([] as unknown, (list) => repeat(true, list.set([list, list] as never)));
  const deepen = () => bind([] as unknown, (list) => repeat(true, list.set([list] as never)));
  test.each<[string, (inputs: Inputs) => unknown, object, string]>([
    ["steps", forever, { maxSteps: 1000 }, "maxSteps"],
    ["iterations", forever, { maxIterations: 10 }, "maxIterations"],
    [
      "calls",
      ({ captures: [bank] }) => repeat(true, bank.call("add", 1, 1)),
      { maxCalls: 5 },
      "maxCalls",
    ],
    ["the length of texts", double, {}, "maxValueSize"],
    ["values that hold themselves twice", nest, {}, "maxValueSize"],
    ["values that nest too deeply", deepen, { maxSteps: 5000 }, "maxValueSize"],
    [
      "the size of results",
      ({ captures: [bank] }) => bank.call("ids").map((id) => id),
      { maxValueSize: 10 },
      "maxValueSize",
    ],
  ])("%s", async (_name, build, limits, budget) => {
    await expect(running(build, { limits })).rejects.toMatchObject({
      code: "capnweb.plan_budget",
      details: { budget },
    });
  });

  test("time, while a call is not answered and while a loop runs", async () => {
    const time = new ManualTime();
    const waiting = running(({ captures: [bank] }) => bank.call("never"), { time });
    await turns();
    time.advance(10_000_000);
    await expect(waiting).rejects.toMatchObject({
      details: { budget: "maxTimeMs", limit: 10_000 },
    });
    expect(time.pending).toBe(0);
    const looping = running(forever, {
      limits: { maxTimeMs: 5, maxSteps: 1e9, maxIterations: 1e9 },
    });
    await expect(looping).rejects.toMatchObject({ details: { budget: "maxTimeMs" } });
  });

  test("are not caught by the plan", async () => {
    const plan = ({ captures: [bank] }: Inputs) =>
      attempt(repeat(true, bank.call("add", 1, 1)), () => "caught" as never);
    await expect(running(plan, { limits: { maxCalls: 5 } })).rejects.toMatchObject({
      code: "capnweb.plan_budget",
    });
  });

  test("out of range are a mistake", async () => {
    await expect(running(forever, { limits: { maxSteps: 0 } })).rejects.toThrow(RangeError);
  });
});

describe("§19.3: validation before execution", () => {
  const node = { op: "literal", value: 1 };
  test.each<[string, unknown, string]>([
    ["no plan", 5, "body: a plan is an object"],
    ["another version", { v: 2 }, "body: plans have version 1"],
    [
      "too few captures",
      { v: 1, captures: 2, body: node },
      "body: the plan wants 2 captures, 1 came",
    ],
    ["no node", { v: 1, captures: 1 }, "body: a node is an object"],
    [
      "an unknown operation",
      { v: 1, captures: 1, body: { op: "eval" } },
      "body: no such operation",
    ],
    [
      "an inherited operation",
      { v: 1, captures: 1, body: { op: "constructor" } },
      "body: no such operation",
    ],
    [
      "an unknown member",
      { v: 1, captures: 1, body: { ...node, more: 1 } },
      'body: "literal" has no such member',
    ],
    [
      "an unknown variable",
      { v: 1, captures: 1, body: { op: "var", name: "x" } },
      "body: no such variable",
    ],
    [
      "a variable outside its scope",
      {
        v: 1,
        captures: 1,
        body: { op: "let", name: "x", value: { op: "var", name: "x" }, body: node },
      },
      "body.value: no such variable",
    ],
    [
      "a capture that did not come",
      { v: 1, captures: 1, body: { op: "capture", index: 1 } },
      "body.index: no such capture",
    ],
    [
      "a field that poses as Object's",
      { v: 1, captures: 1, body: { op: "object", fields: { toString: node } } },
      "body.fields.toString: a field must not be called as what Object or a promise has",
    ],
    [
      "a literal that is a function",
      { v: 1, captures: 1, body: { op: "literal", value: { f: () => 1 } } },
      "body.value.f: a literal is plain data",
    ],
    [
      "an unknown operator",
      { v: 1, captures: 1, body: { op: "compare", is: "~", left: node, right: node } },
      "body.is: no such operator",
    ],
    [
      "an empty path",
      { v: 1, captures: 1, body: { op: "get", from: node, path: [] } },
      "body.path: a path of names and indices is expected",
    ],
  ])("%s", async (_name, plan, message) => {
    await expect(runPlan(plan, [new Bank()])).rejects.toMatchObject({
      code: "capnweb.plan_invalid",
      message,
    });
  });

  test("nodes and levels are limited", async () => {
    let body: unknown = node;
    for (let level = 0; level < 100; level++) body = { op: "not", value: body };
    await expect(runPlan({ v: 1, captures: 0, body })).rejects.toThrow(/more than 64 levels/);
    const items = Array.from({ length: 200 }, () => node);
    await expect(
      runPlan({ v: 1, captures: 0, body: { op: "array", items } }, [], 0, {
        limits: { maxNodes: 100 },
      }),
    ).rejects.toThrow("body.items.49.value: more than 100 nodes");
  });

  test("fuzz: any value is a plan or refused with a code, and what is a plan runs or fails with one", async () => {
    const { part } = fc.letrec((tie) => ({
      part: fc.oneof(
        { maxDepth: 4, withCrossShrink: true },
        fc.anything(),
        fc.record({ op: fc.constant("literal"), value: fc.jsonValue() }),
        fc.record({
          op: fc.constantFrom("map", "filter", "forEach"),
          over: tie("part"),
          name: fc.constant("x"),
          body: tie("part"),
        }),
        fc.record({ op: fc.constant("array"), items: fc.array(tie("part"), { maxLength: 3 }) }),
        fc.record({
          op: fc.constantFrom("compare", "arithmetic"),
          is: fc.constantFrom("+", "<", "=="),
          left: tie("part"),
          right: tie("part"),
        }),
        fc.record({
          op: fc.constant("call"),
          target: tie("part"),
          path: fc.array(fc.string(), { maxLength: 2 }),
          args: fc.array(tie("part"), { maxLength: 2 }),
        }),
        fc.constant({ op: "capture", index: 0 }),
        fc.constant({ op: "var", name: "x" }),
        fc.record({ op: fc.constant("while"), test: tie("part"), body: tie("part") }),
      ),
    }));
    await fc.assert(
      fc.asyncProperty(part, async (body) => {
        const plan = { v: 1, captures: 1, body };
        const outcome: unknown = await runPlan(plan, [new Bank()], undefined, {
          limits: { maxSteps: 500, maxTimeMs: 1000 },
        }).then(
          () => ({ code: "fine" }),
          (error: unknown) => error,
        );
        expect((outcome as { code: string }).code).toMatch(/^fine$|^capnweb\.plan_/);
      }),
      runs,
    );
    expect(() => checkPlan(undefined, 0, planLimits())).toThrow("a plan is an object");
  });
});

describe("§19.3: over a session", () => {
  class Main extends RpcTarget {
    readonly plans = new PlanRunner({ limits: { maxTimeMs: 60_000 }, maxRuns: 1 });
    readonly bank = new Bank();
    get runner() {
      return this.plans;
    }
    theBank() {
      return this.bank;
    }
  }
  function connect() {
    const [client, server] = MemoryTransport.pair();
    const served = new RpcSession(server, new Main());
    const main = new RpcSession<Main>(client).getRemoteMain();
    return { client, served, main, session: served };
  }
  const total = buildPlan<[Bank], { min: number }, number>(1, ({ captures: [bank], params }) =>
    bank
      .call("ids")
      .map((id) => bank.call("account", id).call("balance"))
      .filter((balance) => balance.is(">=", params.get("min")))
      .reduce(0, (sum, balance) => sum.compute("+", balance)),
  );

  test("a loop with decisions takes one round trip", async () => {
    const { main, client, session } = connect();
    const bank = main.theBank() as unknown as RpcStub<Bank>;
    const result = await requestPlan(main.runner as never, total, [bank], { min: 20 });
    expect(result).toBe(50);
    expect(client.sent.filter((message) => message.startsWith('["pull"'))).toHaveLength(1);
    bank[Symbol.dispose]();
    await turns();
    expect(session.getStats()).toEqual({ imports: 1, exports: 1 });
  });

  test("giving up cancels it at the peer; one at a time here", async () => {
    const { main, served } = connect();
    const bank = main.theBank() as unknown as RpcStub<Bank>;
    const stuck = buildPlan<[Bank], undefined, number>(1, ({ captures: [b] }) => b.call("never"));
    const controller = new AbortController();
    const pending = requestPlan(main.runner as never, stuck, [bank], undefined, {
      signal: controller.signal,
    });
    const outcome = pending.catch((error: unknown) => error);
    await turns();
    await expect(requestPlan(main.runner as never, total, [bank], { min: 0 })).rejects.toThrow(
      "1 plans run at once already",
    );
    controller.abort();
    expect(await outcome).toMatchObject({ code: "capnweb.cancelled" });
    await turns();
    expect(await requestPlan(main.runner as never, total, [bank], { min: 0 })).toBe(60);
    expect(served.getStats().exports).toBeLessThan(5);
  });

  test("a reference client sends plans as ordinary calls", async () => {
    const [client, server] = MemoryTransport.pair();
    void new RpcSession(server, new Main());
    const main = new reference.RpcSession(client).getRemoteMain() as unknown as RpcStub<Main>;
    const bank = main.theBank();
    expect(await main.runner.run(total, [bank] as never, { min: 15 })).toBe(50);
    await expect(async () => await main.runner.run({ v: 1, captures: 0 })).rejects.toMatchObject({
      code: "capnweb.plan_invalid",
      details: { path: "body" },
    });
  });
});
