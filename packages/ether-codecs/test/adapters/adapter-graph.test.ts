import { describe, expect, test } from "@jest/globals";
import {
  type Adapter,
  AdapterGraph,
  type AdapterNode,
  agreeSchema,
  createEther,
  type Ether,
  type JsonSchemaObject,
  runPlan,
  SchemaRegistry,
  type Value,
} from "@proj/ether-codecs";
import { fnv1a32, type KindRange, type LogRecord, ManualTime } from "@proj/wire-types";

const code = (name: string): object => expect.objectContaining({ code: name });
const node = (kind: string, major = 1): AdapterNode => ({ namespace: "n", kind, major });
const range = (kind: string, major = 1, minMinor = 0, maxMinor = 0xffff): KindRange => ({
  kindId: fnv1a32(kind),
  major,
  minMinor,
  maxMinor,
});
const edge = (name: string, from: string, to: string, over: Partial<Adapter> = {}): Adapter => ({
  name,
  from: node(from),
  to: node(to),
  adapt: (ether) => ({ ...ether, kind: to, payload: { ...ether.payload, [name]: true } }),
  ...over,
});
const note = (minor: number, properties: JsonSchemaObject): JsonSchemaObject => ({
  type: "object",
  properties: { text: { type: "string" }, ...properties },
  title: `minor ${minor}`,
});
const schemas = new SchemaRegistry();
for (const [minor, properties] of [
  {},
  { lang: { type: "string", default: "en" } },
  { lang: { type: "string", default: "en" }, more: { properties: { x: { default: [1] } } } },
].entries()) {
  schemas.add({
    namespace: "n",
    kind: "note",
    major: 1,
    minor,
    document: note(minor, properties),
  });
}
const names = (plan: { readonly adapters: readonly Adapter[] }): readonly string[] =>
  plan.adapters.map(({ name }) => name);
const graph = (...adapters: Adapter[]): AdapterGraph => new AdapterGraph(schemas, adapters);
const clock = new ManualTime(Date.UTC(2026, 0, 2));

describe("§19: the cheapest path", () => {
  test("what is accepted already needs no adapter", () => {
    const plan = graph().plan(node("a"), { accepts: [range("a")] });
    expect(plan).toEqual({ adapters: [], converters: [], target: node("a"), cost: 0 });
    expect(graph().plan(node("a"), { accepts: [] }).cost).toBe(0);
  });

  test("costs decide, then hops, then names", () => {
    const accepts = [range("z")];
    const long = [edge("1", "a", "b", { cost: 3 }), edge("2", "b", "z", { cost: 3 })];
    expect(
      names(graph(edge("d", "a", "z", { cost: 7 }), ...long).plan(node("a"), { accepts })),
    ).toEqual(["1", "2"]);
    expect(
      names(graph(...long, edge("d", "a", "z", { cost: 6 })).plan(node("a"), { accepts })),
    ).toEqual(["d"]);
    const twins = [edge("y", "a", "z"), edge("x", "a", "z")];
    expect(names(graph(...twins).plan(node("a"), { accepts }))).toEqual(["x"]);
    const wide = ["c", "b"].flatMap((via) => [
      edge(`${via}1`, "a", via),
      edge(`${via}2`, via, "z"),
    ]);
    expect(names(graph(...wide).plan(node("a"), { accepts }))).toEqual(["b1", "b2"]);
  });

  test("lossy adapters run only where they are allowed, at cost 100", () => {
    const lossy = graph(edge("l", "a", "z", { lossy: true }));
    expect(() => lossy.plan(node("a"), { accepts: [range("z")] })).toThrow(
      code("ether.no_adapter"),
    );
    expect(lossy.plan(node("a"), { accepts: [range("z")], allowLossy: true }).cost).toBe(100);
    const both = graph(edge("l", "a", "z", { lossy: true }), edge("s", "a", "z"));
    expect(both.plan(node("a"), { accepts: [range("z")], allowLossy: true }).cost).toBe(10);
  });

  test("8 hops are the most, and a dearer path of 8 beats a cheaper one of 9", () => {
    const chain = Array.from({ length: 9 }, (_, i) =>
      edge(`${i}`, `k${i}`, `k${i + 1}`, { cost: 1 }),
    );
    const to = (kind: string) => ({ accepts: [range(kind)] });
    expect(names(graph(...chain).plan(node("k0"), to("k8")))).toHaveLength(8);
    expect(() => graph(...chain).plan(node("k0"), to("k9"))).toThrow(code("ether.no_adapter"));
    const shortcut = edge("skip", "k0", "k2", { cost: 50 });
    const plan = graph(...chain, shortcut).plan(node("k0"), to("k9"));
    expect(plan.adapters).toHaveLength(8);
    expect(plan.cost).toBe(57);
  });

  test("cost 1000 is the most", () => {
    const accepts = [range("z")];
    expect(graph(edge("e", "a", "z", { cost: 1000 })).plan(node("a"), { accepts }).cost).toBe(1000);
    expect(() => graph(edge("e", "a", "z", { cost: 1001 })).plan(node("a"), { accepts })).toThrow(
      code("ether.no_adapter"),
    );
  });

  test("cycles end", () => {
    const loop = graph(
      edge("1", "a", "b"),
      edge("2", "b", "a"),
      edge("3", "b", "c"),
      edge("4", "c", "b"),
    );
    expect(() => loop.plan(node("a"), { accepts: [range("z")] })).toThrow(code("ether.no_adapter"));
  });

  test("the peer's converters run after ours, at cost + 5", () => {
    const converter = { fromKind: fnv1a32("b"), fromMajor: 1, toKind: 77, toMajor: 3, cost: 2 };
    const accepts = [{ kindId: 77, major: 3, minMinor: 0, maxMinor: 0 }];
    const plan = graph(edge("1", "a", "b")).plan(node("a"), { accepts, converters: [converter] });
    expect(plan).toMatchObject({ converters: [converter], target: node("b"), cost: 17 });
    const back = [
      converter,
      { ...converter, fromKind: 77, fromMajor: 3, toKind: fnv1a32("c"), toMajor: 1 },
    ];
    const away = graph(edge("1", "a", "b"), edge("2", "c", "z"));
    expect(() => away.plan(node("a"), { accepts: [range("z")], converters: back })).toThrow(
      code("ether.no_adapter"),
    );
    const zero = [{ ...converter, cost: 0 }];
    expect(() => graph(edge("1", "a", "b")).plan(node("a"), { accepts, converters: zero })).toThrow(
      code("ether.no_adapter"),
    );
  });

  test("thousands of converters are searched at once", () => {
    const kinds = Array.from({ length: 80 }, (_, i) => i);
    const converters = kinds.flatMap((from) =>
      kinds.map((to) => ({
        fromKind: from === 0 ? fnv1a32("a") : from,
        fromMajor: 1,
        toKind: to,
        toMajor: 1,
        cost: 1 + ((from * 31 + to * 17) % 90),
      })),
    );
    const accepts = [{ kindId: 7777, major: 1, minMinor: 0, maxMinor: 0 }];
    expect(() => graph().plan(node("a"), { accepts, converters })).toThrow(
      code("ether.no_adapter"),
    );
  });

  test.each([
    ["a duplicate name", [edge("x", "a", "b"), edge("x", "b", "c")]],
    ["no name", [edge("", "a", "b")]],
    ["cost 0", [edge("x", "a", "b", { cost: 0 })]],
    ["half a cost", [edge("x", "a", "b", { cost: 1.5 })]],
    ["a loop", [edge("x", "a", "a")]],
  ])("%s is refused", (_what, adapters) => {
    expect(() => graph(...adapters)).toThrow(RangeError);
  });
});

describe("§19: running a path", () => {
  const start = createEther({
    kind: "a",
    payload: { v: 1 },
    metadata: { lineage: [{ node: "before" }] },
  });

  test("the path is recorded, the Ether given stays as it is", () => {
    const plan = graph(edge("1", "a", "b"), edge("2", "b", "c")).plan(node("a"), {
      accepts: [range("c")],
    });
    const result = runPlan(start, plan, { schemas, clock });
    expect(result.kind).toBe("c");
    expect(result.payload).toEqual({ v: 1, 1: true, 2: true });
    const ts = "2026-01-02T00:00:00.000Z";
    const lineage = (result.metadata["lineage"] as readonly Value[]).map((entry) => ({
      ...(entry as object),
    }));
    expect(lineage).toEqual([
      { node: "before" },
      { node: "1", ver: "n:b:1", ts },
      { node: "2", ver: "n:c:1", ts },
    ]);
    expect(start.metadata["lineage"]).toEqual([{ node: "before" }]);
  });

  test.each<[string, (ether: Ether) => Ether]>([
    [
      "throws",
      () => {
        throw new Error("no");
      },
    ],
    ["gives another kind", (ether) => ether],
    ["gives another version", (ether) => ({ ...ether, kind: "note", schemaVersion: 2 })],
    ["gives no Ether", () => ({}) as Ether],
    ["gives what does not fit", (ether) => ({ ...ether, kind: "note", payload: { text: 1 } })],
  ])("an adapter that %s leaves no partial result", (_what, adapt) => {
    const plan = graph(edge("x", "a", "note", { adapt })).plan(node("a"), {
      accepts: [range("note")],
    });
    expect(() => runPlan(start, plan, { schemas, clock })).toThrow(code("ether.adapter_failed"));
  });
});

test("§21: every adapter that ran or failed is told, with the trace of its Ether", () => {
  const records: LogRecord[] = [];
  const log = { log: (record: LogRecord) => void records.push(record) };
  const ether = createEther({ kind: "a", payload: {}, metadata: { trace_id: "t-1" } });
  const adapt = (): Ether => {
    throw new Error("no");
  };
  const plan = graph(edge("1", "a", "b"), edge("2", "b", "c", { adapt, lossy: true })).plan(
    node("a"),
    { accepts: [range("c")], allowLossy: true },
  );
  expect(() => runPlan(ether, plan, { schemas, clock, log })).toThrow(code("ether.adapter_failed"));
  const about = { event: "xcp.adapter", trace: "t-1" };
  expect(
    records.map(({ event, level, fields }) => ({
      event,
      level,
      trace: fields["trace_id"],
      ...fields,
    })),
  ).toMatchObject([
    { ...about, level: "info", adapter: "1", from: "n:a:1", to: "n:b:1", outcome: "ran" },
    { ...about, level: "warn", adapter: "2", lossy: true, outcome: "failed" },
  ]);
});

describe("§19: moves between minors", () => {
  const moved = (payload: Ether["payload"], from: number, low: number, high: number): object => {
    const plan = graph().plan(
      { ...node("note"), minor: from },
      { accepts: [range("note", 1, low, high)] },
    );
    expect(plan.cost).toBe(from >= low && from <= high ? 0 : 1);
    const ether = createEther({ kind: "note", payload });
    return { ...runPlan(ether, plan, { schemas, clock, minor: from }).payload };
  };

  test("a downgrade drops what the target lacks", () => {
    expect(moved({ text: "a", lang: "de", more: {} }, 2, 0, 0)).toEqual({ text: "a" });
    expect(moved({ text: "a", lang: "de", more: {} }, 2, 0, 1)).toEqual({ text: "a", lang: "de" });
  });

  test("an upgrade fills defaults, inside maps too", () => {
    expect(moved({ text: "a" }, 0, 1, 1)).toEqual({ text: "a", lang: "en" });
    expect(moved({ text: "a", lang: "de", more: {} }, 0, 2, 9)).toEqual({
      text: "a",
      lang: "de",
      more: { x: [1] },
    });
  });

  test("a minor inside the range stays", () =>
    expect(moved({ other: 1 }, 1, 0, 5)).toEqual({ other: 1 }));

  test("a range without a registered minor is out of reach", () => {
    expect(() => moved({}, 1, 7, 9)).toThrow(code("ether.no_adapter"));
  });

  test("§6: the highest minor inside both lists is agreed", () => {
    const kind = node("note");
    expect(agreeSchema(schemas, kind, [], [])?.minor).toBe(2);
    expect(
      agreeSchema(schemas, kind, [range("note", 1, 0, 1)], [range("note", 1, 0, 9)])?.minor,
    ).toBe(1);
    expect(agreeSchema(schemas, kind, [range("note", 2)], [])).toBeUndefined();
    expect(
      agreeSchema(schemas, kind, [range("note", 1, 0, 0)], [range("note", 1, 1, 2)]),
    ).toBeUndefined();
  });
});
