// Random programs on two sessions, next to a model that only counts: who holds what, and how often.
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { connect, libraries, type Library, type Stub } from "../support/implementations.js";
import { turns } from "../support/memory-transport.js";

const numRuns = Number(process.env["FUZZ_RUNS"] ?? 150);

type Step =
  | {
      readonly kind:
        | "make"
        | "callBack"
        | "failing"
        | "failingArgument"
        | "later"
        | "keepCallback"
        | "dropCallback"
        | "map";
    }
  | { readonly kind: "dup" | "call" | "dispose" | "echo" | "keep" | "pair"; readonly at: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.constantFrom(
    { kind: "make" } as const,
    { kind: "callBack" } as const,
    { kind: "failing" } as const,
    { kind: "failingArgument" } as const,
    { kind: "later" } as const,
    { kind: "keepCallback" } as const,
    { kind: "dropCallback" } as const,
    { kind: "map" } as const,
  ),
  fc.record({
    kind: fc.constantFrom("dup", "call", "dispose", "echo", "keep", "pair"),
    at: fc.nat(50),
  }),
);

/** What is held on the server: named by the number of the target. */
class Model {
  /** References to each target; a target without any has been disposed. */
  readonly references: number[] = [];
  /** Times each callback of the client is referred to by the server. */
  kept = 0;

  make(): number {
    return this.references.push(1) - 1;
  }

  change(target: number, by: number): void {
    this.references[target] = (this.references[target] ?? 0) + by;
  }

  get disposed(): number[] {
    return this.references.flatMap((count, target) => (count === 0 ? [target] : []));
  }
}

function serverOf({ RpcTarget }: Library) {
  const disposed: number[] = [];
  let made = 0;
  class Thing extends RpcTarget {
    readonly #id: number = made++;
    id() {
      return this.#id;
    }
    [Symbol.dispose]() {
      disposed.push(this.#id);
    }
  }
  class Api extends RpcTarget {
    readonly #kept: Stub[] = [];
    make() {
      return new Thing();
    }
    later() {
      return turns(4).then(() => new Thing());
    }
    echo(stub: Stub) {
      return stub;
    }
    pair(stub: Stub) {
      return { one: stub.dup(), two: [stub.dup()] };
    }
    keep(stub: Stub) {
      this.#kept.push(stub.dup());
    }
    drop() {
      this.#kept.pop()?.[Symbol.dispose]();
    }
    async callBack(callback: Stub) {
      return await callback(1);
    }
    fail(_stub: Stub) {
      throw new Error("no");
    }
    ids(stubs: Stub[]) {
      return stubs.length;
    }
    numbers() {
      return [1, 2, 3];
    }
  }
  return { main: new Api(), disposed };
}

test(
  "after any program both tables hold what the model holds, and nothing at its end",
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const library = libraries.ours;
        const { main: api, disposed } = serverOf(library);
        const { main, session, served } = connect(library, api);
        const model = new Model();
        // What the client holds: a stub and the number of its target.
        const held: { stub: Stub; target: number }[] = [];
        const keptTargets: number[] = [];
        const hold = (stub: Stub, target: number) => held.push({ stub, target });

        for (const next of steps) {
          const chosen = "at" in next ? held[next.at % Math.max(held.length, 1)] : undefined;
          switch (next.kind) {
            case "make":
              hold(await main.make(), model.make());
              break;
            case "callBack":
              expect(await main.callBack((n: number) => n + 1)).toBe(2);
              break;
            case "failing":
              await main.fail(() => 1).catch(() => undefined);
              break;
            case "failingArgument": {
              using failing = main.fail(() => 1);
              using call = main.ids([failing, () => 2]);
              await call.catch(() => undefined);
              break;
            }
            case "later": {
              using thing = main.later();
              expect(await thing.id()).toBe(model.make());
              model.change(model.references.length - 1, -1);
              break;
            }
            case "keepCallback":
              await main.keep(() => 1);
              keptTargets.push(-1);
              model.kept++;
              break;
            case "dropCallback": {
              await main.drop();
              const target = keptTargets.pop();
              if (target === -1) model.kept--;
              else if (target !== undefined) model.change(target, -1);
              break;
            }
            case "map": {
              using numbers = main.numbers();
              expect(await numbers.map((n: Stub) => [n, main.echo(n)])).toHaveLength(3);
              break;
            }
            case "dup":
              if (chosen === undefined) break;
              hold(chosen.stub.dup(), chosen.target);
              model.change(chosen.target, 1);
              break;
            case "call":
              if (chosen === undefined) break;
              expect(await chosen.stub.id()).toBe(chosen.target);
              break;
            case "echo":
              if (chosen === undefined) break;
              hold(await main.echo(chosen.stub), chosen.target);
              model.change(chosen.target, 1);
              break;
            case "pair": {
              if (chosen === undefined) break;
              const { one, two } = await main.pair(chosen.stub);
              hold(one, chosen.target);
              hold(two[0], chosen.target);
              model.change(chosen.target, 2);
              break;
            }
            case "keep":
              if (chosen === undefined) break;
              await main.keep(chosen.stub);
              keptTargets.push(chosen.target);
              model.change(chosen.target, 1);
              break;
            case "dispose":
              if (chosen === undefined) break;
              chosen.stub[Symbol.dispose]();
              held.splice(held.indexOf(chosen), 1);
              model.change(chosen.target, -1);
          }
          await turns(24);
          expect(disposed.toSorted((a, b) => a - b)).toEqual(model.disposed);
          expect(served.getStats().imports).toBe(1 + model.kept);
          expect(session.getStats().exports).toBe(1 + model.kept);
          expect(session.getStats().imports).toBe(served.getStats().exports);
        }
        for (const { stub } of held) stub[Symbol.dispose]();
        while (keptTargets.pop() !== undefined) await main.drop();
        await turns(48);
        expect([session.getStats(), served.getStats()]).toEqual(
          Array(2).fill({ imports: 1, exports: 1 }),
        );
        expect(disposed).toHaveLength(model.references.length);
      }),
      { numRuns },
    );
  },
  20_000 + numRuns * 50,
);
