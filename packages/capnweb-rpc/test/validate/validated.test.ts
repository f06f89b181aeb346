import { describe, expect, test } from "@jest/globals";
import {
  checked,
  type Refusal,
  RpcSession,
  RpcStub,
  RpcTarget,
  validated,
} from "@proj/capnweb-rpc";
import * as reference from "capnweb";
import { z } from "zod";
import { MemoryTransport, turns } from "../support/memory-transport.js";

class Counter extends RpcTarget {
  inc() {
    return 1;
  }
}

class Api extends RpcTarget {
  readonly calls: unknown[][] = [];
  disposals = 0;
  add(a: number, b: number) {
    this.calls.push([a, b]);
    return a + b;
  }
  user(name: string) {
    return { name, secret: "hidden" };
  }
  wrong(): number {
    return "not a number" as unknown as number;
  }
  async later(id: number) {
    return { id };
  }
  counter() {
    return new Counter();
  }
  each(callback: (n: number) => number) {
    return callback(2);
  }
  get version() {
    return "1.0";
  }
  internal() {
    return "secret";
  }
  [Symbol.dispose]() {
    this.disposals++;
  }
}

const contract = {
  add: { args: z.tuple([z.number(), z.number()]), result: z.number() },
  user: { args: z.tuple([z.string().trim().min(1)]), result: z.object({ name: z.string() }) },
  wrong: { result: z.number() },
  later: {
    args: z.tuple([z.number().refine((n) => Promise.resolve(n > 0), "must be positive")]),
    result: z.object({ id: z.number() }),
  },
  counter: { result: z.instanceof(Counter) },
  each: { args: z.tuple([z.instanceof(RpcStub)]) },
  version: { result: z.string() },
};

// Either library as the client of a validated target.
const clients = {
  ours: (client: MemoryTransport) => new RpcSession<Api>(client).getRemoteMain(),
  reference: (client: MemoryTransport) =>
    new reference.RpcSession<Api>(client).getRemoteMain() as unknown as RpcStub<Api>,
};

describe.each(Object.keys(clients) as (keyof typeof clients)[])("client %s", (kind) => {
  function connect() {
    const refusals: Refusal[] = [];
    const target = new Api();
    const [client, server] = MemoryTransport.pair();
    void new RpcSession(
      server,
      validated(target, contract, { onRefusal: (refusal) => refusals.push(refusal) }),
    );
    return { api: clients[kind](client), target, refusals, client };
  }

  test("what fits goes through, as the schema gives it back", async () => {
    const { api } = connect();
    expect(await api.add(1, 2)).toBe(3);
    expect({ ...(await api.user("  Ada ")) }).toEqual({ name: "Ada" });
    expect({ ...(await api.later(4)) }).toEqual({ id: 4 });
    expect(await api.version).toBe("1.0");
    expect(await api.counter().inc()).toBe(1);
    expect(await api.each((n: number) => n * 21)).toBe(42);
  });

  test("a wrong argument is refused with what is wrong, and never reaches the target", async () => {
    const { api, target, refusals } = connect();
    const failure = await api.add(1, "2" as unknown as number).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({
      code: "capnweb.invalid_argument",
      message: "add: 1: Invalid input: expected number, received string",
      issues: [{ at: "1", message: "Invalid input: expected number, received string" }],
    });
    await expect(async () => await api.later(-1)).rejects.toThrow("later: 0: must be positive");
    await expect(
      async () => await (api as never as { add(): Promise<number> }).add(),
    ).rejects.toThrow("add: Too small");
    expect(target.calls).toEqual([]);
    expect(refusals.map(({ member, broken }) => [member, broken])).toEqual([
      ["add", "args"],
      ["later", "args"],
      ["add", "args"],
    ]);
  });

  test("a wrong result is refused without saying what it was", async () => {
    const { api, refusals } = connect();
    const failure: unknown = await api.wrong().catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: "capnweb.invalid_result",
      message: "wrong did not answer what it promises",
    });
    expect(failure).not.toHaveProperty("issues");
    expect(refusals[0]?.issues[0]?.message).toContain("expected number");
  });

  test("what the contract does not name does not exist", async () => {
    const { api } = connect();
    await expect(async () => await api.internal()).rejects.toThrow("'internal' is not a function.");
  });

  test("disposal reaches the target", async () => {
    const { target, client } = connect();
    client.other?.lose(new Error("gone"));
    await turns();
    expect(target.disposals).toBe(1);
  });
});

test("calls with schemas that answer at once are made in order, at once", async () => {
  const target = new Api();
  const stub = new RpcStub(validated(target, contract));
  const sums = [stub.add(1, 1), stub.add(2, 2)];
  expect(target.calls).toEqual([
    [1, 1],
    [2, 2],
  ]);
  expect(await Promise.all(sums)).toEqual([2, 4]);
});

test("a caller holds a peer's answer against a schema", async () => {
  const stub = new RpcStub(new Api());
  expect(await checked(stub.add(1, 2), z.number())).toBe(3);
  await expect(checked(stub.wrong(), z.number())).rejects.toMatchObject({
    code: "capnweb.invalid_result",
    issues: [{ at: "", message: "Invalid input: expected number, received string" }],
  });
});

test("a validated callback guards its owner against a reference server", async () => {
  class Server extends reference.RpcTarget {
    async give(callback: (value: unknown) => Promise<unknown>, value: unknown) {
      return await callback(value);
    }
  }
  const [client, server] = MemoryTransport.pair();
  void new reference.RpcSession(server, new Server());
  const main = new RpcSession<{
    give(target: object, value: unknown): unknown;
    use(target: object): unknown;
  }>(client).getRemoteMain();
  class Listener extends RpcTarget {
    heard(n: number) {
      return n + 1;
    }
  }
  const listener = new RpcStub(
    validated(new Listener(), { heard: { args: z.tuple([z.number()]) } }),
  );
  expect(await main.give(listener.heard, 4)).toBe(5);
  await expect(async () => await main.give(listener.heard, "x")).rejects.toMatchObject({
    code: "capnweb.invalid_argument",
  });
});
