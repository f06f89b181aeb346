// §16: the texts that applications and their tests rely on, from either implementation.
import { describe, expect, test } from "@jest/globals";
import {
  both,
  connect,
  failureOf,
  libraries,
  type Library,
  type Stub,
} from "../support/implementations.js";
import { MemoryTransport, turns } from "../support/memory-transport.js";

type Situation = (library: Library) => unknown;

class Unprintable {
  toString(): string {
    throw new Error("no text");
  }
}

const nested = (levels: number): unknown => {
  let value: unknown = 1;
  for (let level = 0; level < levels; level++) value = [value];
  return value;
};

const situations: readonly (readonly [text: string, situation: Situation])[] = [
  ["TypeError: Cannot serialize value: [object Map]", ({ serialize }) => serialize(new Map())],
  [
    "TypeError: Cannot serialize value: (couldn't stringify value)",
    ({ serialize }) => serialize(new Unprintable()),
  ],
  [
    "Error: Serialization exceeded maximum allowed depth. (Does the message contain cycles?)",
    ({ serialize }) => serialize(nested(300)),
  ],
  [
    "Error: Can't serialize RPC stubs in this context.",
    ({ serialize, RpcStub }) => serialize(new RpcStub({})),
  ],
  [
    "Error: Cannot create pipes without an RPC session.",
    ({ serialize }) => serialize(new Blob(["a"])),
  ],
  [
    "Error: Can't serialize ReadableStream in this context.",
    ({ serialize }) => serialize(new ReadableStream()),
  ],
  [
    "Error: Can't serialize WritableStream in this context.",
    ({ serialize }) => serialize(new WritableStream()),
  ],
  [
    "Error: Cannot deserialize RPC stubs without an RPC session.",
    ({ deserialize }) => deserialize('["export",-1]'),
  ],
  [
    "TypeError: Invalid byte length 3 for Int16Array; expected a multiple of 2",
    ({ deserialize }) => deserialize('["bytes","QUJD","Int16Array"]'),
  ],
  [
    `TypeError: Unknown bytes type marker: ${"x".repeat(64)}`,
    ({ deserialize }) => deserialize(JSON.stringify(["bytes", "QUJD", "x".repeat(70)])),
  ],
  [
    "TypeError: Unknown bytes type marker type: number",
    ({ deserialize }) => deserialize('["bytes","QUJD",5]'),
  ],
  [
    "TypeError: Deserialized bigint exceeds maximum length of 16384 digits.",
    ({ deserialize }) => deserialize(JSON.stringify(["bigint", "1".repeat(16_385)])),
  ],
  [
    "TypeError: Deserialization exceeded maximum allowed message depth of 256.",
    ({ deserialize }) => deserialize("[[".repeat(300) + "]]".repeat(300)),
  ],
  ["TypeError: unknown special value: [1,2]", ({ deserialize }) => deserialize("[1,2]")],
];

describe.each(both)("§16: %s", (name) => {
  const library = libraries[name];
  const { RpcSession, RpcTarget } = library;

  class Api extends RpcTarget {
    own = 1;
    numbers() {
      return [1];
    }
    make() {
      return new Api();
    }
    echo(value: unknown) {
      return value;
    }
  }

  test.each(situations)("%s", async (text, situation) => {
    expect(await failureOf(() => situation(library))).toBe(text);
  });

  test("own properties of targets", async () => {
    const { main } = connect(library, new Api());
    expect(await failureOf(() => main.own)).toBe(
      "TypeError: Attempted to access property 'own', which is an instance property of the RpcTarget. " +
        "To avoid leaking private internals, instance properties cannot be accessed over RPC. If you want to make " +
        "this property available over RPC, define it as a method or getter on the class, instead of an instance " +
        "property.",
    );
  });

  test("transports of no level that there is", async () => {
    const transport = Object.assign(new MemoryTransport(), { encodingLevel: "xml" });
    expect(await failureOf(() => new RpcSession(transport))).toMatch(
      /^TypeError: Unknown transport encodingLevel: /,
    );
  });

  /** What a session says before it ends, of messages that break the rules. */
  const lastWords = async (messages: readonly string[], options: object): Promise<unknown> => {
    const [peer, transport] = MemoryTransport.pair();
    void new RpcSession(transport, new Api(), options);
    for (const message of messages) peer.inject.call(transport, message);
    await turns();
    return JSON.parse(transport.sent.at(-1) ?? "null");
  };

  test.each<[string, string, string[], object]>([
    ["Error", 'bad RPC message: ["nonsense"]', ['["nonsense"]'], {}],
    ["Error", 'bad RPC message: ["pull","1"]', ['["pull","1"]'], {}],
    ["TypeError", "unknown special value: []", ['["push",[]]'], {}],
    ["Error", "no such export ID: 9", ['["pull",9]'], {}],
    ["Error", "no such export ID: 9", ['["release",9,1]'], {}],
    ["Error", "no such entry on exports table: 9", ['["push",["pipeline",9]]'], {}],
    ["Error", "refcount would go negative: 1 < 2", ['["push",5]', '["release",1,2]'], {}],
    [
      "Error",
      "Export 0 is not a pipe or its readable end was already consumed.",
      ['["push",["readable",0]]'],
      {},
    ],
    [
      "TypeError",
      "Incoming message exceeds maximum size of 20 UTF-16 code units.",
      ['["push","123456789012"]'],
      { limits: { maxMessageSize: 20 } },
    ],
  ])("%s: %s", async (kind, text, messages, options) => {
    expect(await lastWords(messages, options)).toEqual(["abort", ["error", kind, text]]);
  });

  test.each([
    ["Invalid empty mapper function.", '["remap",0,["numbers"],[],[]]'],
    ["A mapper function cannot refer to exports.", '["remap",1,[],[],[["export",-1]]]'],
  ])("%s", async (text, remap) => {
    const messages = ['["push",[[1]]]', `["push",${remap}]`, '["pull",2]'];
    expect(JSON.stringify(await lastWords(messages, {}))).toContain(text);
  });

  test("targets made while a mapper is recorded", async () => {
    const { main } = connect(library, new Api());
    const text = await failureOf(() => main.numbers().map(() => new Api()));
    expect(text).toContain(
      "Can't construct an RpcTarget or RPC callback inside a mapper function.",
    );
  });

  test("stubs that are changed or used after disposal, and promises disposed while they are awaited", async () => {
    const { main } = connect(library, new Api());
    const made: Stub = await main.make();
    expect(
      await failureOf(() => {
        made.a = 1;
      }),
    ).toBe("Error: Can't assign properties on RPC stubs.");
    expect(await failureOf(() => delete made.a)).toBe(
      "Error: Can't delete properties on RPC stubs.",
    );
    expect(await failureOf(() => Object.defineProperty(made, "a", {}))).toBe(
      "Error: Can't define properties on RPC stubs.",
    );
    made[Symbol.dispose]();
    expect(await failureOf(() => made.numbers())).toBe(
      "Error: Attempted to use RPC stub after it has been disposed.",
    );
    const promise = main.make();
    const failure = failureOf(() => promise.then(undefined));
    promise[Symbol.dispose]();
    expect(await failure).toBe("Error: RPC was canceled because the RpcPromise was disposed.");
    main[Symbol.dispose]();
    expect(await failureOf(() => main.numbers())).toMatch(/disposed|disposing/);
  });
});
