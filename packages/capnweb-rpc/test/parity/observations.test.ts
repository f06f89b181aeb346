import { describe, expect, test } from "@jest/globals";
import { turns } from "../support/memory-transport.js";
import {
  connect,
  failureOf,
  libraries,
  type Library,
  type Stub,
} from "../support/implementations.js";

/** The same program on both: what it observes is the same, to the letter. */
function same(name: string, program: (library: Library) => unknown): void {
  test(name, async () => {
    const theirs = await program(libraries.reference);
    expect(theirs).toBeDefined();
    expect(await program(libraries.ours)).toEqual(theirs);
  });
}

function each(failing: Readonly<Record<string, (library: Library) => unknown>>): void {
  for (const [name, run] of Object.entries(failing)) {
    same(name, (library) => failureOf(() => run(library)));
  }
}

function apiOf({ RpcTarget, RpcPromise }: Library): Stub {
  class Counter extends RpcTarget {
    inc(by = 1) {
      return by;
    }
  }
  return class Api extends RpcTarget {
    readonly secret = 1;
    override = 2;
    echo(value: unknown) {
      return value;
    }
    make() {
      return new Counter();
    }
    get info() {
      return {
        a: { b: [1, [2]] },
        date: new Date(5),
        u: undefined,
        f: Object.assign((x: number) => x, { own: 7 }),
      };
    }
    get list() {
      return [5, { x: 6 }];
    }
    get bytes() {
      return new Uint8Array([1, 2, 3]);
    }
    fail(what: string) {
      /* oxlint-disable typescript/only-throw-error -- anything may be thrown */
      if (what === "plain") throw { plain: true };
      if (what === "text") throw "text";
      if (what === "nothing") throw undefined;
      /* oxlint-enable typescript/only-throw-error */
      if (what === "nested") throw new Error("outer", { cause: new RangeError("inner") });
      if (what === "many") throw new AggregateError([new TypeError("one"), 2], "both");
      if (what === "named") throw Object.assign(new Error("odd"), { name: "OddError", extra: [1] });
      throw new Error(what);
    }
    unserializable() {
      return new Map();
    }
    later() {
      return new RpcPromise(turns(3).then(() => new Counter()));
    }
    async callBack(callback: Stub) {
      return await callback(1);
    }
  };
}

function main(library: Library): Stub {
  const Api = apiOf(library);
  return connect(library, new Api()).main;
}

describe("texts of values", () => {
  const values: Record<string, () => unknown> = {
    map: () => new Map(),
    set: () => new Set(),
    regexp: () => /x/,
    symbol: () => Symbol("s"),
    promise: () => Promise.resolve(1),
    "null prototype": () => Object.create(null),
    "a class": () =>
      new (class Own {
        own = 1;
      })(),
    "a class that cannot be text": () =>
      new (class Own {
        toString() {
          throw new Error("no");
        }
      })(),
    "boxed number": () => Object(1),
    "search parameters": () => new URLSearchParams("a=1"),
    "abort signal": () => new AbortController().signal,
    "shared memory": () => new SharedArrayBuffer(1),
    "a generator": () =>
      (async function* () {
        yield await Promise.resolve(1);
      })(),
    "an array's child": () => new (class extends Array {})(),
    "a date's child": () => new (class extends Date {})(),
  };
  for (const [name, make] of Object.entries(values)) {
    same(`${name}, serialized`, ({ serialize }) => failureOf(() => serialize(make())));
    same(`${name}, as an argument`, (library) => failureOf(() => main(library).echo(make())));
  }
  each({
    "a cycle": ({ serialize }) => {
      const cycle: { self?: unknown } = {};
      cycle.self = cycle;
      serialize(cycle);
    },
    "a stub": ({ serialize, RpcStub }) => serialize(new RpcStub(() => 1)),
    "a function": ({ serialize }) => serialize(() => 1),
    "a blob": ({ serialize }) => serialize(new Blob([])),
    "a readable stream": ({ serialize }) => serialize(new ReadableStream()),
    "a writable stream": ({ serialize }) => serialize(new WritableStream()),
  });
});

describe("texts of expressions", () => {
  const texts = [
    "[]",
    "[1]",
    '["nope"]',
    '["nope",1,2]',
    '["undefined",1]',
    '["bigint",5]',
    '["date"]',
    '["date","x"]',
    '["bytes",5]',
    '["bytes","AAAA","Int16Array"]',
    '["bytes","AAAA","Nope"]',
    `["bytes","AAAA","${"x".repeat(100)}"]`,
    '["bytes","AAAA",5]',
    '["error","Error"]',
    '["error","Error","x",null,5]',
    '["url"]',
    '["headers",{}]',
    '["request","http://x/"]',
    '["request","http://x/",{"headers":{}}]',
    '["response",null]',
    '["response",5,{}]',
    '["export",-1]',
    '["promise",-1]',
    '["export",-1,1]',
    `["bigint","${"1".repeat(20_000)}"]`,
    `${"[[".repeat(300)}${"]]".repeat(300)}`,
  ];
  for (const text of texts) {
    same(text.slice(0, 60), ({ deserialize }) => failureOf(() => deserialize(text)));
  }
});

describe("texts of calls", () => {
  each({
    "a member that is missing": (library) => main(library).missing(),
    "a member of nothing": (library) => main(library).info.u.x,
    "a call of a value": (library) => main(library).info.a.b(),
    "an instance property": (library) => main(library).secret,
    "an instance property's member": (library) => main(library).secret.x,
    "a result that cannot cross": (library) => main(library).unserializable(),
    "no main object": (library) => connect(library).main.echo(1),
    "a disposed stub": (library) => {
      const stub = main(library);
      stub[Symbol.dispose]();
      return stub.echo(1);
    },
    "a disposed promise": (library) => {
      const promise = main(library).later();
      const waiting = promise.then((x: unknown) => x);
      promise[Symbol.dispose]();
      return waiting;
    },
    "a disposed promise, awaited": (library) => {
      const promise = main(library).later();
      promise[Symbol.dispose]();
      return promise;
    },
    "the main stub, disposed with a call open": (library) => {
      const stub = main(library);
      const waiting = stub.later().then((x: unknown) => x);
      stub[Symbol.dispose]();
      return waiting;
    },
    "an unknown encoding level": ({ RpcSession }) =>
      new RpcSession({ encodingLevel: "what", send() {}, receive() {} }),
    "a target made in a mapper": (library) => main(library).list.map(() => new (apiOf(library))()),
    "a function made in a mapper": (library) => main(library).list.map(() => () => 1),
  });
});

describe("errors", () => {
  for (const what of ["plain", "text", "nothing", "nested", "many", "named", "simple"]) {
    same(`thrown: ${what}`, async (library) => {
      const heard = await main(library)
        .fail(what)
        .then(
          () => "nothing",
          (error: unknown) => error,
        );
      if (!(heard instanceof Error)) return { heard };
      const { name, message, cause, errors, ...rest } = heard as AggregateError;
      return { name, message, cause, errors, rest, tag: heard.constructor.name };
    });
  }

  same("onSendError chooses what is sent, with its stack", async (library) => {
    const Api = apiOf(library);
    const seen: string[] = [];
    const onSendError = (error: Error) => {
      seen.push(error.message);
      const replacement = new TypeError(`public ${error.message}`);
      replacement.stack = "stack";
      return replacement;
    };
    const { main: stub, server } = connect(library, new Api(), { server: { onSendError } });
    const heard = await stub.fail("nested").catch((error: Error) => error);
    return { seen, sent: server.sent, name: heard.name, stack: heard.stack };
  });

  same("an error among values keeps its stubs", async (library) => {
    const { RpcStub } = library;
    const { main: stub, client } = connect(library, new (apiOf(library))());
    const error = Object.assign(new Error("x"), { stub: new RpcStub(() => 5) });
    await stub.echo(error).catch(() => undefined);
    return client.sent[0];
  });
});

describe("paths", () => {
  const paths: Record<string, (stub: Stub) => unknown> = {
    "of an object": (stub) => stub.info.a,
    "of a date": (stub) => stub.info.date.getTime,
    "of bytes": (stub) => stub.bytes.length,
    "of an array's length": (stub) => stub.list.length,
    "of a function's own": (stub) => stub.info.f.own,
    "of a function's length": (stub) => stub.info.f.length,
    "of a function's call": (stub) => stub.info.f.call,
    "of what every object has": (stub) => stub.info.toString,
    "of a constructor": (stub) => stub.info.constructor,
    "of a missing member": (stub) => stub.info.nope,
    "of a missing member of a target": (stub) => stub.nope,
  };
  for (const [name, read] of Object.entries(paths)) {
    same(name, async (library) => {
      try {
        const found = await read(main(library));
        return { found: typeof found === "function" ? "a stub" : found };
      } catch (error) {
        return { failed: (error as Error).message };
      }
    });
  }
});

describe("messages that are malformed", () => {
  const messages = [
    "5",
    "null",
    "{}",
    "[]",
    '["what"]',
    '["push"]',
    '["pull"]',
    '["pull","x"]',
    '["pull",9]',
    '["resolve"]',
    '["resolve",1]',
    '["reject",1]',
    '["release",1]',
    '["release",9,1]',
    '["release",0,2]',
    '["abort",["error","Error","bye"]]',
    '["push",["import",9]]',
    '["push",["pipeline",9,["x"],[]]]',
    '["push",["pipeline",0,"x",[]]]',
    '["push",["pipeline",0,["x"],5]]',
    '["push",["pipeline",0,[true],[]]]',
    '["push",["readable",5]]',
    '["push",["nope"]]',
    '["push",["remap",0,[],[]]]',
    '["push",["remap",0,[],[["import",9]],[1]]]',
    "not json",
  ];
  for (const message of messages) {
    same(message, async (library) => {
      const { server, main: stub } = connect(library, new (apiOf(library))());
      const broken: string[] = [];
      stub.onRpcBroken((error: Error) => broken.push(error.message));
      server.inject(message);
      await turns();
      return { sent: server.sent, broken, aborted: String(server.aborted) };
    });
  }
});

describe("the end of a session", () => {
  same("onRpcBroken: in the order registered, once", async (library) => {
    const Api = apiOf(library);
    const { main: stub, client } = connect(library, new Api());
    const heard: string[] = [];
    const note = (name: string) => (error: unknown) => heard.push(`${name}: ${String(error)}`);
    stub.onRpcBroken(note("main"));
    const promise = stub.later();
    promise.onRpcBroken(note("promise"));
    const counter = await stub.make();
    counter.onRpcBroken(note("counter"));
    stub.info.onRpcBroken(note("property"));
    await promise;
    client.lose(new Error("gone"));
    await turns();
    stub.onRpcBroken(note("late"));
    return { heard, failure: await failureOf(() => stub.echo(1)) };
  });

  same("a reason that is undefined", async (library) => {
    const { main: stub, client } = connect(library, new (apiOf(library))());
    const heard: unknown[] = [];
    stub.onRpcBroken((error: unknown) => heard.push(error));
    client.lose(undefined);
    await turns();
    return { heard, aborted: client.aborted };
  });

  same("drain waits for what was asked for", async (library) => {
    const { main: stub, served, session } = connect(library, new (apiOf(library))());
    const events: string[] = [];
    const call = stub.later().then(() => events.push("answered"));
    await Promise.resolve();
    void served.drain().then(() => events.push("drained"));
    await call;
    await turns();
    return { events, stats: [session.getStats(), served.getStats()] };
  });

  same("a transport that cannot send", async ({ RpcSession }) => {
    const failures: string[] = [];
    const session = new RpcSession({
      send: () => Promise.reject(new Error("no line")),
      receive: () => new Promise(() => undefined),
      abort: (reason: Error) => failures.push(reason.message),
    });
    const call = await failureOf(() => session.getRemoteMain().x());
    return { call, failures };
  });

  same("a transport that throws", async ({ RpcSession }) => {
    const failures: string[] = [];
    const session = new RpcSession({
      send: () => {
        throw new Error("thrown");
      },
      receive: () => new Promise(() => undefined),
      abort: (reason: Error) => failures.push(reason.message),
    });
    const promise = session.getRemoteMain().x();
    const before = failures.length;
    return { before, call: await failureOf(() => promise), failures };
  });
});
