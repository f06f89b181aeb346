import { expect, test } from "@jest/globals";
import type { Stub } from "./implementations.js";

/** What holds on a lasting connection to a peer that offers `interopMain`, whoever it is. */
export function duplexSuite(connect: () => Promise<Stub>): void {
  test("values, errors and pipelining", async () => {
    const main = await connect();
    const value = { a: [1, [undefined]], d: new Date(3), n: 2n, f: [NaN, Infinity] };
    expect({ ...(await main.echo(value)) }).toEqual(value);
    expect([...(await main.echo(new Uint8Array([1, 2])))]).toEqual([1, 2]);
    expect(await main.echo(new Float64Array([1.5]))).toEqual(new Float64Array([1.5]));
    const failure = await main.fail().catch((error: unknown) => error);
    expect([failure.name, failure.message, failure.code]).toEqual(["RangeError", "out", 7]);
    expect(await main.twice(main.twice(main.echo({ n: 5 }).n))).toBe(20);
  });

  test("bytes by the hundred thousand", async () => {
    const main = await connect();
    const bytes = new Uint8Array(300_000).map((_, at) => (at * 7) & 0xff);
    expect(Buffer.from(await main.echo(bytes)).equals(bytes)).toBe(true);
  });

  test("callbacks, objects and disposal", async () => {
    const main = await connect();
    expect(await main.callBack((n: number) => n + 1, 4)).toBe(5);
    const counter = await main.counter();
    expect(await Promise.all([counter.inc(1), counter.inc(2)])).toEqual([1, 3]);
    counter[Symbol.dispose]();
    await expect(async () => await counter.inc(1)).rejects.toThrow("disposed");
  });

  test("map", async () => {
    const main = await connect();
    const mapped = await main.numbers().map((n: Stub) => ({ n, twice: main.twice(n) }));
    expect([...mapped]).toEqual([
      { n: 1, twice: 2 },
      { n: 2, twice: 4 },
      { n: 3, twice: 6 },
    ]);
  });

  test("streams both ways", async () => {
    const main = await connect();
    const stream: ReadableStream<string> = await main.stream();
    let size = 0;
    for await (const chunk of stream as unknown as AsyncIterable<string>) size += chunk.length;
    expect(size).toBe(1225);
    const source = new ReadableStream({
      start(controller) {
        controller.enqueue("abc");
        controller.close();
      },
    });
    expect(await main.size(source)).toBe(3);
  });

  test("the end of the session reaches the other side", async () => {
    const main = await connect();
    await main.echo(1);
    const broken = new Promise((resolve) => main.onRpcBroken(resolve));
    main[Symbol.dispose]();
    expect(await broken).toMatchObject({
      message: "RPC session was shut down by disposing the main stub",
    });
  });
}

/** What holds of batches to the same peer. */
export function batchSuite(connect: () => Promise<Stub>): void {
  test("HTTP batch: a dependent chain in one request", async () => {
    const main = await connect();
    const chained = main.twice(main.twice(main.echo({ n: 5 }).n));
    const failing = main.fail().catch((error: Error) => error.message);
    const mapped = main.numbers().map((n: Stub) => main.twice(n));
    expect(await Promise.all([chained, failing, mapped])).toEqual([20, "out", [2, 4, 6]]);
    await expect(async () => await main.echo(1)).rejects.toThrow("Batch RPC request ended.");
  });

  test("HTTP batch: values, errors, objects and streams", async () => {
    const main = await connect();
    const value = { a: [1, [undefined]], d: new Date(3), n: 2n, f: [NaN, Infinity] };
    const source = new ReadableStream({
      start(controller) {
        for (const chunk of ["ab", "c"]) controller.enqueue(chunk);
        controller.close();
      },
    });
    using counter = main.counter();
    const results = await Promise.all([
      main.echo(value),
      main.echo(new Float64Array([1.5])),
      main.fail().catch((error: unknown) => error),
      counter.inc(1),
      counter.inc(2),
      main.size(source),
    ]);
    expect({ ...results[0] }).toEqual(value);
    expect(results[1]).toEqual(new Float64Array([1.5]));
    expect(results[2]).toMatchObject({ name: "RangeError", message: "out", code: 7 });
    expect(results.slice(3)).toEqual([1, 3, 3]);
  });
}
