import { expect, test } from "@jest/globals";
import { oneWay, RpcSession, RpcStub, RpcTarget } from "@proj/capnweb-rpc";
import * as reference from "capnweb";
import { MemoryTransport, turns } from "../support/memory-transport.js";

const noted: unknown[] = [];
const noting = (Target: typeof RpcTarget) =>
  class Log extends Target {
    note(value: unknown) {
      noted.push(value);
      return { kept: value };
    }
    async fail() {
      noted.push("failed");
      throw new Error("nobody hears");
    }
    log() {
      return new Log();
    }
  };
type Api = InstanceType<ReturnType<typeof noting>>;

test.each([
  ["ours", RpcSession, RpcTarget],
  ["reference", reference.RpcSession, reference.RpcTarget],
] as const)(
  "a call that nobody waits for is made, and leaves nothing behind: %s",
  async (...row) => {
    const [, Session, Target] = row;
    noted.length = 0;
    const [near, far] = MemoryTransport.pair();
    const Main = noting(Target);
    const served = new (Session as typeof RpcSession)(far, new Main());
    const session = new RpcSession<Api>(near);
    const api = session.getRemoteMain();
    expect(oneWay<Api>(api).note(1)).toBeUndefined();
    oneWay<Api>(api).fail();
    // Also on what is not there yet.
    const later = api.log();
    oneWay<Api>(later).note(2);
    later[Symbol.dispose]();
    await turns();
    expect(noted).toEqual([1, "failed", 2]);
    expect([session.getStats(), served.getStats()]).toEqual([
      { imports: 1, exports: 1 },
      { imports: 1, exports: 1 },
    ]);
    expect(near.sent.slice(0, 2)).toEqual([
      '["push",["pipeline",0,["note"],[1]]]',
      '["release",1,1]',
    ]);
    expect(near.sent.join()).not.toContain("pull");
  },
);

test("what cannot be sent is thrown, and a stub of this process is called as well", async () => {
  noted.length = 0;
  const local = new RpcStub(new (noting(RpcTarget))());
  oneWay<Api>(local).note("here");
  await turns();
  expect(noted).toEqual(["here"]);
  const [near] = MemoryTransport.pair();
  const api = new RpcSession<Api>(near).getRemoteMain();
  expect(() => oneWay<Api>(api).note(Promise.resolve())).toThrow(
    "Cannot serialize value: [object Promise]",
  );
  expect(near.sent).toEqual([]);
});
