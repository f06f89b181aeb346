// Runs where there is nothing but the language.
import { RpcSession, RpcTarget } from "@proj/capnweb-rpc";
import { MemoryTransport } from "./memory-transport.js";

class Counter extends RpcTarget {
  static disposed = false;
  add(a: number, b: number): number {
    return a + b;
  }
  double(n: number): number {
    return 2 * n;
  }
  numbers(): number[] {
    return [1, 2];
  }
  fail(): never {
    throw new TypeError("no");
  }
  [Symbol.dispose](): void {
    Counter.disposed = true;
  }
}

// The oldest Node that is compiled for does not have it.
interface Resolvable {
  withResolvers(): { readonly promise: Promise<number>; resolve(value: number): void };
}

/** Answers what came of a few calls, and what the package has supplied. */
export async function run(): Promise<object> {
  const [client, server] = MemoryTransport.pair();
  void new RpcSession(server, new Counter());
  const main = new RpcSession<Counter>(client).getRemoteMain();
  const { promise, resolve } = (Promise as unknown as Resolvable).withResolvers();
  resolve(7);
  const answers = {
    sum: await main.add(2, 3),
    mapped: await main.numbers().map((n) => main.double(n)),
    failure: await main.fail().catch((error: unknown) => String(error)),
    symbols: [typeof Symbol.dispose, typeof Symbol.asyncDispose],
    resolved: await promise,
  };
  main[Symbol.dispose]();
  client.other?.lose(new Error("gone"));
  for (let turn = 0; turn < 16; turn++) await Promise.resolve();
  return { ...answers, disposed: Counter.disposed };
}
