import { describe, expect, test } from "@jest/globals";
import { hideErrors, RpcSession, type RpcSessionOptions, RpcTarget } from "@proj/capnweb-rpc";
import * as reference from "capnweb";
import { MemoryTransport } from "../support/memory-transport.js";

/* oxlint-disable typescript/no-explicit-any -- what a peer offers is not typed here */
type Stub = any;

class NoSuchFile extends Error {
  override readonly name = "NoSuchFile";
}
class Picky extends Error {
  override readonly name = "Picky";
  constructor(message: string) {
    if (message !== "mine") throw new Error("not a message of mine");
    super(message);
  }
}

class Api extends RpcTarget {
  open(name: string) {
    throw Object.assign(new NoSuchFile(`no file ${name}`), { code: "no_such_file" });
  }
  crash() {
    throw new RangeError("password: 1234", { cause: new Error("inner") });
  }
  pick(message: string) {
    const error = new Error(message);
    error.name = "Picky";
    return { error, list: new Set([new NoSuchFile("in a set")]) };
  }
}

function connect(client: RpcSessionOptions, server: RpcSessionOptions = {}) {
  const [near, far] = MemoryTransport.pair();
  void new RpcSession(far, new Api(), server);
  const main: Stub = new RpcSession(near, undefined, client).getRemoteMain();
  return { main, far };
}

const failureOf = (run: () => Promise<unknown>): Promise<Stub> =>
  Promise.resolve(run()).then(
    () => undefined,
    (error: unknown) => error,
  );

describe("§11.2: classes of the application", () => {
  const errorClasses = new Map<string, new (message: string) => Error>([
    ["NoSuchFile", NoSuchFile],
    ["Picky", Picky],
  ]);

  test("an error of a known name is of its class, with its properties", async () => {
    const { main } = connect({ errorClasses });
    const error = await failureOf(async () => await main.open("x"));
    expect(error).toBeInstanceOf(NoSuchFile);
    expect(error).toMatchObject({ name: "NoSuchFile", message: "no file x", code: "no_such_file" });
  });

  test("others stay what they are, and so does everything without the option", async () => {
    const { main } = connect({ errorClasses });
    expect(await failureOf(async () => await main.crash())).toBeInstanceOf(RangeError);
    const plain = await failureOf(async () => await connect({}).main.open("x"));
    expect([plain.constructor, plain.name]).toEqual([Error, "Error"]);
  });

  test("a class that refuses what a peer says: the error gets through as an Error", async () => {
    const options = { errorClasses, extraValues: true } as const;
    const { main } = connect(options, { extraValues: true });
    const refused = await main.pick("another's");
    expect([refused.error.constructor, refused.error.message]).toEqual([Error, "another's"]);
    const { error, list } = await main.pick("mine");
    expect(error).toBeInstanceOf(Picky);
    expect([...list][0]).toBeInstanceOf(NoSuchFile);
  });

  test("nothing on the wire tells of them", async () => {
    const { main, far } = connect({ errorClasses });
    await failureOf(async () => await main.open("x"));
    expect(far.sent).toEqual([
      '["reject",1,["error","NoSuchFile","no file x",null,{"code":"no_such_file"}]]',
    ]);
  });
});

describe("§11.5: hidden errors", () => {
  test("callers read one text, without class, properties, cause or stack", async () => {
    const { main, far } = connect({}, { onSendError: hideErrors() });
    await failureOf(async () => await main.crash());
    expect(far.sent).toEqual(['["reject",1,["error","Error","Internal error"]]']);
  });

  test("those meant for them are sent, the others told to the application", async () => {
    const hidden: string[] = [];
    const onSendError = hideErrors({
      isPublic: (error) => "code" in error,
      message: "Ask support.",
      hidden: ({ message }) => void hidden.push(message),
    });
    const { main } = connect({}, { onSendError });
    const told = await failureOf(async () => await main.open("x"));
    expect([told.message, told.code]).toEqual(["no file x", "no_such_file"]);
    expect(await failureOf(async () => await main.crash())).toMatchObject({
      message: "Ask support.",
    });
    expect(hidden).toEqual(["password: 1234"]);
  });

  test("the reference takes it as its hook, too", async () => {
    const [near, far] = MemoryTransport.pair();
    class Crashing extends reference.RpcTarget {
      crash() {
        throw new RangeError("password: 1234");
      }
    }
    const onSendError = hideErrors() as (error: Error) => Error;
    void new reference.RpcSession(far, new Crashing(), { onSendError });
    const main: Stub = new RpcSession(near).getRemoteMain();
    const error = await failureOf(async () => await main.crash());
    expect([error.constructor, error.message]).toEqual([Error, "Internal error"]);
  });
});
