// Two sessions over a MessagePort, outside Jest: values cloned by Node belong to its own realm there.
import * as ours from "@proj/capnweb-rpc";
import * as reference from "capnweb";
import assert from "node:assert/strict";
import { MessageChannel } from "node:worker_threads";

/* oxlint-disable typescript/no-explicit-any -- either implementation, without its types */
type Library = Record<string, any>;
type Stub = any;

const libraries: Record<string, Library> = { ours, reference };
const [client, server] = process.argv.slice(2).map((name) => libraries[name]) as [Library, Library];

let disposed = 0;

class Counter extends server["RpcTarget"] {
  #count = 0;
  [Symbol.dispose]() {
    disposed++;
  }
  inc(by: number) {
    this.#count += by;
    return this.#count;
  }
}
class Main extends server["RpcTarget"] {
  echo(value: unknown) {
    return value;
  }
  counter() {
    return new Counter();
  }
  fail() {
    throw Object.assign(new RangeError("out"), { code: 7 });
  }
  async callBack(callback: Stub, value: unknown) {
    return await callback(value);
  }
  numbers() {
    return [1, 2, 3];
  }
  twice(n: number) {
    return n * 2;
  }
  async size(stream: ReadableStream) {
    let total = 0;
    for await (const chunk of stream as unknown as AsyncIterable<string>) total += chunk.length;
    return total;
  }
  stream() {
    return new Blob(["x".repeat(1000)]).stream();
  }
}

const { port1, port2 } = new MessageChannel();
server["newMessagePortRpcSession"](port2, new Main());
const main: Stub = client["newMessagePortRpcSession"](port1);

const value = { a: [1, [undefined]], d: new Date(3), n: 2n, f: [NaN, -Infinity] };
assert.deepEqual({ ...(await main.echo(value)) }, value);
assert.deepEqual([...(await main.echo(new Uint8Array([1, 2])))], [1, 2]);
const floats: Float64Array = await main.echo(new Float64Array([1.5]));
assert.deepEqual([floats.constructor.name, floats[0]], ["Float64Array", 1.5]);
const failure = await main.fail().catch((error: unknown) => error);
assert.deepEqual([failure.name, failure.message, failure.code], ["RangeError", "out", 7]);
assert.equal(await main.callBack((n: number) => n + 1, 4), 5);
const counter = await main.counter();
assert.deepEqual(await Promise.all([counter.inc(1), counter.inc(2)]), [1, 3]);
counter[Symbol.dispose]();
await assert.rejects(async () => await counter.inc(1), /disposed/);
assert.equal(await main.twice(main.twice(main.echo({ n: 5 }).n)), 20);
assert.equal(disposed, 1);
const doubled: number[] = await main.numbers().map((n: Stub) => main.twice(n));
assert.deepEqual(Array.from(doubled), [2, 4, 6]);
let size = 0;
for await (const chunk of await main.stream()) size += chunk.length;
assert.equal(size, 1000);
const source = new ReadableStream({
  start(controller) {
    for (const chunk of ["ab", "c"]) controller.enqueue(chunk);
    controller.close();
  },
});
assert.equal(await main.size(source), 3);
const broken = new Promise<Error>((resolve) => main.onRpcBroken(resolve));
port2.postMessage(null);
assert.equal((await broken).message, "Peer closed MessagePort connection.");
port1.close();
process.stdout.write("ok");
