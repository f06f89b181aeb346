// Makes very many calls on one session and prints how the heap and the tables grew. Run with --expose-gc.
import { RpcSession, RpcTarget } from "@proj/capnweb-rpc";

/** A transport in memory that keeps nothing. */
class Line {
  other: Line | undefined;
  readonly #queue: string[] = [];
  #waiting: ((message: string) => void) | undefined;

  send(message: string): void {
    this.other?.take(message);
  }

  receive(): Promise<string> {
    const next = this.#queue.shift();
    if (next !== undefined) return Promise.resolve(next);
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  take(message: string): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) this.#queue.push(message);
    else waiting(message);
  }
}

class Thing extends RpcTarget {
  one() {
    return 1;
  }
}
class Api extends RpcTarget {
  add(a: number, b: number) {
    return a + b;
  }
  make() {
    return new Thing();
  }
  async callBack(callback: (n: number) => Promise<number>) {
    return await callback(1);
  }
  fail(): never {
    throw new Error("no");
  }
}

const [client, server] = [new Line(), new Line()];
client.other = server;
server.other = client;
const served = new RpcSession(server, new Api());
const session = new RpcSession<Api>(client);
const main = session.getRemoteMain();

async function calls(count: number): Promise<void> {
  const concurrency = 50;
  for (let made = 0; made < count; made += concurrency) {
    const round = Array.from({ length: concurrency }, async (_, n) => {
      switch (n % 10) {
        case 0: {
          using thing = await main.make();
          return await thing.one();
        }
        case 1:
          return await main.callBack((x) => Promise.resolve(x));
        case 2:
          return await main.fail().catch(() => 0);
        default:
          return await main.add(made, n);
      }
    });
    await Promise.all(round);
    // A line in memory never lets the event loop turn, where the runtime tidies its tables of dropped objects.
    // A connection would wait here, too.
    if (made % 10_000 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

async function heapBytes(): Promise<number> {
  for (let round = 0; round < 3; round++) {
    globalThis.gc?.();
    // What is freed is freed in a later task.
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return process.memoryUsage().heapUsed;
}

const total = Number(process.argv[2]);
await calls(Math.min(total / 4, 20_000));
const before = await heapBytes();
const startMs = performance.now();
await calls(total);
const seconds = (performance.now() - startMs) / 1000;
const grown = (await heapBytes()) - before;
process.stdout.write(
  JSON.stringify({ total, seconds, grown, stats: [session.getStats(), served.getStats()] }),
);
