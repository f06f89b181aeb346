import { expect, test } from "@jest/globals";
import {
  buildPlan,
  checked,
  Connection,
  pipeline,
  RpcStub,
  RpcTarget,
  runPlan,
  streamCalls,
  type StandardSchema,
  type TypedPlan,
  validated,
} from "@proj/capnweb-rpc";
import { z } from "zod";

interface User {
  id: number;
  name: string;
}
class Counter extends RpcTarget {
  inc(by: number): number {
    return by;
  }
}
class Api extends RpcTarget {
  user(id: number): User {
    return { id, name: "Ada" };
  }
  ids(): number[] {
    return [1, 2];
  }
  counter(): Counter {
    return new Counter();
  }
}

/** Fails to compile unless both types are the same. */
function same<A>(value: A): {
  as<B>(..._: [A] extends [B] ? ([B] extends [A] ? [] : [never]) : [never]): A;
} {
  return { as: () => value };
}

const api = new RpcStub(new Api());

test("pipeline() answers the values of what it lists", async () => {
  const result = await pipeline(api, (main) => {
    const user = main.user(1);
    // @ts-expect-error -- a name is no number
    void main.user(user.name);
    return { user, list: [main.counter().inc(user.id)], fixed: "x" as const };
  });
  const { id } = result.user;
  expect(same(id).as<number>()).toBe(1);
  expect(same(result.list).as<number[]>()).toEqual([1]);
  expect(same(result.fixed).as<"x">()).toBe("x");
});

test("streamCalls() has the methods, with plain promises", async () => {
  const calls = streamCalls(api);
  expect(same((await calls.user(1)).name).as<string>()).toBe("Ada");
  // @ts-expect-error -- no such method
  expect(() => calls.nothing).not.toThrow();
  // @ts-expect-error -- a number is wanted
  const wrong = calls.user("1");
  expect(wrong).toBeInstanceOf(Promise);
});

test("a plan knows captures, parameters and result", async () => {
  const plan = buildPlan<[Api], { min: number }, string[]>(1, ({ captures: [main], params }) => {
    // @ts-expect-error -- no such member
    params.get("max");
    // @ts-expect-error -- no such method
    main.call("nothing");
    // @ts-expect-error -- a number is wanted
    main.call("user", "1");
    return main
      .call("ids")
      .filter((id) => id.is(">=", params.get("min")))
      .map((id) => main.call("user", id).get("name"));
  });
  same(plan).as<TypedPlan<[Api], { min: number }, string[]>>();
  expect(await runPlan(plan, [api], { min: 2 })).toEqual(["Ada"]);
  buildPlan<[], undefined, number>(
    0,
    // @ts-expect-error -- a text is no number
    () => "text",
  );
});

test("validated() names members of the target alone, and keeps their types", async () => {
  const target = validated(new Api(), { user: { args: z.tuple([z.number()]) } });
  same(target.user).as<Api["user"]>();
  // @ts-expect-error -- not in the contract
  expect(target.ids).toBeUndefined();
  // @ts-expect-error -- no such member
  validated(new Api(), { nothing: {} });
  const schema: StandardSchema<{ id: number }> = z.object({ id: z.number() });
  const user = await checked(api.user(1), schema);
  same(user).as<{ id: number }>();
  expect(user).toEqual({ id: 1 });
});

test("a connection's main stub is one of its type", () => {
  const connection = new Connection<Api>(() => Promise.reject(new Error("no")), {
    reconnect: false,
  });
  const { main } = connection;
  same(main).as<RpcStub<Api>>();
  connection.close();
  expect(connection.state.kind).toBe("closed");
});
