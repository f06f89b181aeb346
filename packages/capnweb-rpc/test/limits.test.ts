import { describe, expect, test } from "@jest/globals";
import {
  DEFAULT_SESSION_LIMITS,
  RpcSession,
  type RpcSessionOptions,
  RpcTarget,
} from "@proj/capnweb-rpc";
import { MemoryTransport, turns } from "./support/memory-transport.js";

/* oxlint-disable typescript/no-explicit-any -- what a peer offers is not typed here */
type Stub = any;

class Api extends RpcTarget {
  readonly made: object[] = [];
  echo(value: unknown) {
    return value;
  }
  make() {
    return new (class extends RpcTarget {})();
  }
  never() {
    return new Promise(() => undefined);
  }
  take(_stub: unknown) {
    return 1;
  }
  keep(stub: Stub) {
    this.made.push(stub.dup());
  }
  numbers(count: number) {
    return Array.from({ length: count }, (_, at) => at);
  }
  hold(stream: ReadableStream) {
    this.made.push(stream);
    return new Promise(() => undefined);
  }
}

function connect(limits: RpcSessionOptions["limits"]) {
  const [client, server] = MemoryTransport.pair();
  const served = new RpcSession(server, new Api(), { limits });
  const session = new RpcSession(client);
  return { main: session.getRemoteMain() as Stub, session, served, client, server };
}

function failure(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "nothing",
    (error: Error) => error.message,
  );
}

test("the defaults begin with the reference's", () => {
  expect(DEFAULT_SESSION_LIMITS).toMatchObject({
    maxBigIntDigits: 16_384,
    maxDepth: 256,
    maxMessageSize: 33_554_432,
  });
});

test.each([{ maxExports: 0 }, { maxDepth: 1.5 }, { maxMapWork: NaN }, { maxExport: 5 }])(
  "%j is refused",
  (limits) => {
    expect(() => connect(limits)).toThrow(RangeError);
  },
);

describe("tables", () => {
  test("one export too many ends the session", async () => {
    const { main } = connect({ maxExports: 4 });
    const kept = [main.make(), main.make(), main.make()];
    await Promise.resolve();
    kept.push(main.make());
    expect(await failure(kept[3])).toBe("More than 4 live exports in one session.");
  });

  test("what is released makes room", async () => {
    const { main } = connect({ maxExports: 4 });
    for (let n = 0; n < 20; n++) expect(await main.echo(n)).toBe(n);
  });

  test("one import too many ends the session", async () => {
    const { main } = connect({ maxImports: 3 });
    await main.keep(() => 1);
    await main.keep(() => 2);
    expect(await failure(main.keep(() => 3))).toBe("More than 3 live imports in one session.");
  });
});

describe("calls", () => {
  test("one outstanding too many is rejected, and the session lives on", async () => {
    const { main, session, served } = connect({ maxOutstandingCalls: 2 });
    const waiting = [main.never(), main.never()];
    const canceled = waiting.map((call) => failure(call.then((x: unknown) => x)));
    expect(await failure(main.echo(1))).toBe("More than 2 calls are outstanding.");
    expect(await failure(main.take(() => 1))).toBe("More than 2 calls are outstanding.");
    await turns();
    // What the refused call carried has been given back.
    expect(session.getStats()).toEqual({ imports: 3, exports: 1 });
    expect(served.getStats().imports).toBe(1);
    for (const call of waiting) call[Symbol.dispose]();
    expect(await Promise.all(canceled)).toEqual(Array(2).fill(expect.stringContaining("canceled")));
  });

  test("a probe is answered when calls are refused", async () => {
    const { main, session } = connect({ maxOutstandingCalls: 1 });
    void main.never().then(
      () => undefined,
      () => undefined,
    );
    await session.ping();
  });
});

describe("maps", () => {
  test("elements times instructions are bounded for each message", async () => {
    const { main } = connect({ maxMapWork: 100 });
    const double = (n: Stub) => [n, n];
    expect(await main.numbers(100).map(double)).toHaveLength(100);
    expect(await failure(main.numbers(101).map(double))).toBe(
      "map() exceeded its budget of 100 instructions per message.",
    );
    const squared = main.numbers(8).map(() => main.numbers(8).map((n: Stub) => main.echo(n)));
    expect(await failure(squared)).toMatch(/budget of 100/);
    expect(await main.echo(1)).toBe(1);
  });

  test("so are instructions and captures of one", async () => {
    const { main } = connect({ maxMapInstructions: 2, maxMapCaptures: 1 });
    expect(await main.numbers(1).map((n: Stub) => main.echo(n))).toEqual([0]);
    const longer = main.numbers(1).map((n: Stub) => main.echo(main.echo(n)));
    expect(await failure(longer)).toBe("map() of 3 instructions, limit 2.");
    const other = main.make();
    const wider = main.numbers(1).map(() => [main, other]);
    expect(await failure(wider)).toBe("map() with 2 captures, limit 1.");
  });
});

describe("streams", () => {
  const source = (chunks: number) =>
    new ReadableStream({
      start(controller) {
        for (let n = 0; n < chunks; n++) controller.enqueue("x".repeat(1000));
        controller.close();
      },
    });

  test("what nobody reads fails its stream beyond the limit of a pipe", async () => {
    const { main, client } = connect({ maxPipeBytes: 10_000 });
    void main.hold(source(10)).then(
      () => undefined,
      () => undefined,
    );
    await turns(200);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(client.other?.sent.filter((text) => text.startsWith('["reject"'))[0]).toMatch(
      /bytes wait in one stream, limit 10000/,
    );
    expect(await main.echo(1)).toBe(1);
  });

  test("all streams of a session count together", async () => {
    const { main, client } = connect({ maxStreamBytes: 10_000 });
    for (let n = 0; n < 5; n++)
      void main.hold(source(2)).then(
        () => undefined,
        () => undefined,
      );
    await turns(200);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(client.other?.sent.filter((text) => text.startsWith('["reject"'))[0]).toMatch(
      /bytes wait in the streams of a session, limit 10000/,
    );
  });

  test("what is read is not counted any more", async () => {
    const [client, server] = MemoryTransport.pair();
    class Reader extends RpcTarget {
      async size(stream: ReadableStream) {
        let size = 0;
        for await (const chunk of stream as unknown as AsyncIterable<string>) size += chunk.length;
        return size;
      }
    }
    void new RpcSession(server, new Reader(), { limits: { maxPipeBytes: 200_000 } });
    const main: Stub = new RpcSession(client).getRemoteMain();
    const large = new ReadableStream({
      async pull(controller) {
        await new Promise((resolve) => setTimeout(resolve, 0));
        controller.enqueue("x".repeat(20_000));
        if (++this.sent === 30) controller.close();
      },
      sent: 0,
    } as UnderlyingDefaultSource & { sent: number });
    expect(await main.size(large)).toBe(600_000);
  });
});

describe("the size of an error", () => {
  class Failing extends RpcTarget {
    fail() {
      const cause = Object.assign(new Error("inner"), { code: "E2" });
      const details = { code: "E1", request: "x".repeat(10_000), status: 503 };
      throw Object.assign(new Error("busy", { cause }), details);
    }
    fine(error: unknown) {
      return error;
    }
    stub() {
      return Object.assign(new Error("with a stub"), { filler: "x".repeat(10_000), stub: () => 1 });
    }
  }

  function failing(sent: RpcSessionOptions["limits"], received: RpcSessionOptions["limits"]) {
    const [client, server] = MemoryTransport.pair();
    const served = new RpcSession(server, new Failing(), { limits: sent });
    const session = new RpcSession(client, undefined, { limits: received });
    return { main: session.getRemoteMain() as Stub, served, session, server };
  }

  async function thrownBy(main: Stub): Promise<Error> {
    try {
      return await main.fail();
    } catch (error) {
      return error as Error;
    }
  }

  test("all of it crosses by default", async () => {
    const error = await thrownBy(failing({}, {}).main);
    expect(error).toMatchObject({ code: "E1", status: 503, request: "x".repeat(10_000) });
    expect(error.cause).toMatchObject({ message: "inner", code: "E2" });
  });

  test.each([
    ["sent", { maxErrorSize: 1000 }, {}],
    ["received", {}, { maxErrorSize: 1000 }],
  ])("what would exceed it is left out where the error is %s", async (_, sent, received) => {
    const error = await thrownBy(failing(sent, received).main);
    expect(error).toMatchObject({ message: "busy", code: "E1", status: 503 });
    expect(error.cause).toMatchObject({ message: "inner", code: "E2" });
    expect(error).not.toHaveProperty("request");
  });

  test("none at all is left with nothing", async () => {
    const error = await thrownBy(failing({ maxErrorSize: 0 }, {}).main);
    expect(Object.keys(error)).toEqual([]);
    expect(error.cause).toBeUndefined();
  });

  test("references in what is left out are given back, by either end", async () => {
    for (const [sent, received] of [
      [{ maxErrorSize: 20 }, {}],
      [{}, { maxErrorSize: 20 }],
    ]) {
      const { main, served, session } = failing(sent, received);
      const error = await main.stub();
      expect(error).not.toHaveProperty("stub");
      error[Symbol.dispose]?.();
      await turns();
      expect([served.getStats(), session.getStats()]).toEqual([
        { imports: 1, exports: 1 },
        { imports: 1, exports: 1 },
      ]);
    }
  });

  test("properties nested without end are refused as such", async () => {
    const { main, server } = failing({}, {});
    const call = main.fine(1);
    const nested = `${"[".repeat(60_000)}${"]".repeat(60_000)}`;
    void server.send(`["resolve",1,["error","Error","deep",null,{"a":${nested}}]]`);
    await expect(async () => await call).rejects.toThrow("maximum allowed message depth of 256");
  });
});
