import { expect, test } from "@jest/globals";
import { type RpcCompatible, RpcPromise, RpcStub, RpcTarget } from "@proj/capnweb-rpc";

interface User {
  id: number;
  tags: string[];
}

class Counter extends RpcTarget {
  inc(by: number): number {
    return by;
  }
}

class Api extends RpcTarget {
  user(id: number): User {
    return { id, tags: ["a", "b"] };
  }
  later(): Promise<RpcStub<Counter>> {
    return Promise.resolve(new RpcStub(new Counter()));
  }
  take(counter: RpcStub<Counter>): Promise<number> {
    return counter.inc(1).then((n) => n);
  }
  ids(): number[] {
    return [1, 2];
  }
  anything(value: unknown): unknown {
    return value;
  }
}

test("what the types promise is what happens", async () => {
  const api = new RpcStub(new Api());
  const user = api.user(1);
  const id: number = await user.id;
  const tag: string | undefined = await user.tags[0];
  const whole: User = await user;
  // A promise goes wherever its value may.
  const same: User = await api.user(user.id);
  const counter = api.later();
  const counted: number = await counter.inc(2);
  const stub: RpcStub<Counter> = await counter;
  const taken: number = await api.take(stub);
  const names: User[] = await api.ids().map((each) => api.user(each));
  expect([id, tag, whole.id, same.id, counted, taken, names.length]).toEqual([
    1,
    "a",
    1,
    1,
    2,
    1,
    2,
  ]);
});

test("what must not compile does not", () => {
  const api = new RpcStub(new Api());
  // @ts-expect-error -- no such method
  void api.missing;
  // @ts-expect-error -- a string is no number
  void api.user("1");
  // @ts-expect-error -- a mapper is not async
  expect(() => void api.ids().map((id) => Promise.resolve(id))).toThrow("async");
  const compatible: RpcCompatible<User> = { id: 1, tags: [] };
  const promise: RpcPromise<number> = new RpcPromise(Promise.resolve(compatible.id));
  expect(promise.toString()).toBe("[object RpcPromise]");
});
