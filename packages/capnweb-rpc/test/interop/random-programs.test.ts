// Random programs with the reference at either end: what they find out is what they find out without us.
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { libraries, type Library, type Stub } from "../support/implementations.js";
import { MemoryTransport, turns } from "../support/memory-transport.js";

const numRuns = Number(process.env["FUZZ_RUNS"] ?? 100);

type Node =
  | { readonly op: "value"; readonly value: unknown }
  | { readonly op: "echo" | "property" | "callBack" | "twice" | "map"; readonly of: Node }
  | { readonly op: "add"; readonly of: readonly [Node, Node] }
  | { readonly op: "fail" | "count" };

const plain = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.integer(),
    fc.string(),
    fc.constantFrom(null, undefined, true, Infinity, 5n),
    fc.date({ noInvalidDate: true }),
    fc.uint8Array({ maxLength: 5 }),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.record({ n: fc.integer(), more: tie("value") }, { noNullPrototype: true }),
  ),
})).value;

const { node } = fc.letrec<{ node: Node }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4 },
    fc.record({ op: fc.constant("value" as const), value: plain }),
    fc.constantFrom<Node>({ op: "fail" }, { op: "count" }),
    fc.record({
      op: fc.constantFrom("echo", "property", "callBack", "twice", "map"),
      of: tie("node"),
    }),
    fc.record({ op: fc.constant("add" as const), of: fc.tuple(tie("node"), tie("node")) }),
  ),
}));

function mainOf({ RpcTarget }: Library): Stub {
  class Counter extends RpcTarget {
    #count = 0;
    inc() {
      return ++this.#count;
    }
  }
  return new (class extends RpcTarget {
    readonly #counter = new Counter();
    echo(value: unknown) {
      return value;
    }
    add(a: unknown, b: unknown) {
      return [a, b];
    }
    twice(value: unknown) {
      return typeof value === "number" ? value * 2 : { n: 1, value };
    }
    async callBack(callback: Stub, value: unknown) {
      return await callback(value);
    }
    list(value: unknown) {
      return [1, { n: value }];
    }
    counter() {
      return this.#counter;
    }
    fail() {
      throw new RangeError("on purpose");
    }
  })();
}

/** Builds the calls of a program without waiting for any of them. */
function build(main: Stub, program: Node): Stub {
  switch (program.op) {
    case "value":
      return program.value;
    case "fail":
      return main.fail();
    case "count":
      return main.counter().inc();
    case "echo":
      return main.echo(build(main, program.of));
    case "property":
      return main.twice(build(main, program.of)).n;
    case "twice":
      return main.twice(build(main, program.of));
    case "callBack":
      return main.callBack((value: unknown) => ({ back: value }), build(main, program.of));
    case "map":
      return main.list(build(main, program.of)).map((x: Stub) => main.add(x, x.n));
    case "add":
      return main.add(build(main, program.of[0]), build(main, program.of[1]));
  }
}

async function outcome(client: Library, server: Library, programs: readonly Node[]) {
  const lines = MemoryTransport.pair();
  void new server["RpcSession"](lines[1], mainOf(server));
  const session = new client["RpcSession"](lines[0]);
  const main = session.getRemoteMain();
  const built = programs.map((program) => build(main, program));
  const found = await Promise.all(
    built.map(async (promise) => {
      try {
        return { found: shape(await promise) };
      } catch (error) {
        return { failed: String(error) };
      }
    }),
  );
  await turns();
  const sent = [...lines[0].sent, ...lines[1].sent];
  return { found, aborted: sent.filter((text) => text.startsWith('["abort"')) };
}

/** A copy without disposers, whose bytes compare by content. */
function shape(value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value];
  if (Array.isArray(value)) return value.map(shape);
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, shape(member)]));
}

test(
  "ours and the reference, either way round, find what the reference finds alone",
  async () => {
    const { ours, reference } = libraries;
    await fc.assert(
      fc.asyncProperty(fc.array(node, { minLength: 1, maxLength: 4 }), async (programs) => {
        const expected = await outcome(reference, reference, programs);
        for (const [client, server] of [
          [ours, ours],
          [ours, reference],
          [reference, ours],
        ] as const) {
          expect(await outcome(client, server, programs)).toEqual(expected);
        }
      }),
      { numRuns },
    );
  },
  20_000 + numRuns * 50,
);
