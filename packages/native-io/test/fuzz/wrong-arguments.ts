import { expect } from "@jest/globals";
import fc from "fast-check";

/** Anything a mistaken caller may pass: wrong types, detached memory, numbers that are no integers. */
export function anything(...more: readonly unknown[]): fc.Arbitrary<unknown> {
  const arbitraries: fc.Arbitrary<unknown>[] = [
    fc.constantFrom<unknown>(undefined, null, true, Symbol.iterator, 7n, -1n, 2n ** 70n),
    fc.constantFrom(NaN, Infinity, -Infinity, 0.5, -0, 2 ** 31, 2 ** 32, 2 ** 53, -(2 ** 53)),
    fc.integer({ min: -4, max: 70 }),
    fc.integer(),
    fc.string({ maxLength: 20 }),
    fc.constantFrom<unknown>({}, [], () => undefined, new Date(0), new Proxy({}, {})),
    fc.nat(80).map((size) => new Uint8Array(size)),
    fc.nat(80).map((size) => new Int32Array(size)),
    fc.nat(80).map((size) => new Uint8Array(new SharedArrayBuffer(size))),
    fc.nat(80).map((size) => new Int32Array(new SharedArrayBuffer(4 * size))),
    fc.nat(80).map((size) => new Float64Array(size)),
    fc.constant(new ArrayBuffer(8)),
    fc.nat(80).map((size) => detached(new Uint8Array(size))),
    fc.nat(80).map((size) => detached(new Int32Array(size))),
  ];
  if (more.length > 0) arbitraries.push(fc.constantFrom(...more), fc.constantFrom(...more));
  return fc.oneof(...arbitraries);
}

/** Calls every function with whatever comes; it may answer or refuse, and only as a mistake is refused. */
export function callWithAnything(
  functions: Readonly<Record<string, (...values: unknown[]) => unknown>>,
  values: fc.Arbitrary<unknown>,
  after: (name: string, answer: unknown) => void = () => undefined,
): void {
  const numRuns = Number(process.env["FUZZ_RUNS"] ?? 300);
  for (const [name, call] of Object.entries(functions)) {
    fc.assert(
      fc.property(fc.array(values, { maxLength: 10 }), (given) => {
        let answer: unknown;
        try {
          answer = call(...given);
        } catch (thrown) {
          expect(["TypeError", "RangeError"]).toContain((thrown as Error).name);
          return;
        }
        after(name, answer);
      }),
      { numRuns, verbose: true },
    );
  }
}

function detached<T extends Uint8Array<ArrayBuffer> | Int32Array<ArrayBuffer>>(view: T): T {
  structuredClone(view.buffer, { transfer: [view.buffer] });
  return view;
}
