import { describe, expect, test } from "@jest/globals";
import * as ours from "@proj/capnweb-rpc";
import * as reference from "capnweb";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { cloneInRealm } from "../support/realm-clone.js";
import { MemoryTransport, turns } from "../support/memory-transport.js";

interface Transcript {
  what: string;
  messages: { from: "client" | "server" | "expression"; text: string }[];
}

const file = new URL("../../vectors/golden-transcripts.json", import.meta.url);
const { transcripts } = JSON.parse(readFileSync(file, "utf8")) as { transcripts: Transcript[] };

// Which implementation a test drives is its parameter: stubs of either are used without their types.
/* oxlint-disable typescript/no-explicit-any */
type Library = Record<string, any>;
type Stub = any;

cloneInRealm();

const libraries: Record<string, Library> = { ours, reference };
const pairs = [
  ["ours", "ours"],
  ["ours", "reference"],
  ["reference", "ours"],
] as const;

class Setting {
  readonly client: MemoryTransport;
  readonly server: MemoryTransport;
  readonly clientLibrary: Library;
  readonly main: Stub;

  constructor(client: string, server: string, makeMain: (library: Library) => unknown) {
    [this.client, this.server] = MemoryTransport.pair();
    this.clientLibrary = libraries[client] ?? {};
    const library = libraries[server] ?? {};
    void new library["RpcSession"](this.server, makeMain(library));
    this.main = new this.clientLibrary["RpcSession"](this.client).getRemoteMain();
  }

  /** Holds what crossed against a golden transcript. */
  expect(what: string, { from }: { from?: "client" } = {}): void {
    const golden = transcripts.find((transcript) => transcript.what.startsWith(what));
    if (golden === undefined) throw new Error(`no transcript ${what}`);
    const of = (side: string) => golden.messages.filter((m) => m.from === side).map((m) => m.text);
    expect(this.client.sent).toEqual(of("client"));
    if (from === undefined) expect(this.server.sent).toEqual(of("server"));
  }
}

function counterOf({ RpcTarget }: Library): Stub {
  return class Counter extends RpcTarget {
    #count = 0;
    inc(by = 1) {
      this.#count += by;
      return this.#count;
    }
  };
}

describe.each(pairs)("§22 between client %s and server %s", (client, server) => {
  test("a call, awaited", async () => {
    const setting = new Setting(client, server, ({ RpcTarget }) => {
      return new (class extends RpcTarget {
        sq(n: number) {
          return n * n;
        }
      })();
    });
    expect(await setting.main.sq(5)).toBe(25);
    await turns();
    setting.expect("Call, awaited");
  });

  test("an error with properties", async () => {
    const setting = new Setting(client, server, ({ RpcTarget }) => {
      return new (class extends RpcTarget {
        fail() {
          throw Object.assign(new TypeError("secret path /etc"), {
            code: "E1",
            details: { a: [1] },
          });
        }
      })();
    });
    const failure = await setting.main.fail().catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "E1", details: { a: [1] } });
    const golden = transcripts.find(({ what }) => what.startsWith("Error with props"));
    expect(setting.server.sent).toEqual(golden?.messages.map(({ text }) => text));
  });

  test("pipelining through a property", async () => {
    const setting = new Setting(client, server, ({ RpcTarget }) => {
      return new (class extends RpcTarget {
        user() {
          return { id: 7 };
        }
        prof(id: number) {
          return `p${id}`;
        }
      })();
    });
    const user = setting.main.user();
    expect(await setting.main.prof(user.id)).toBe("p7");
    user[Symbol.dispose]();
    await turns();
    setting.expect("Pipelining through a property");
  });

  test("a target returned, called and disposed", async () => {
    const setting = new Setting(client, server, (library) => {
      const Counter = counterOf(library);
      return new (class extends library["RpcTarget"] {
        mk() {
          return new Counter();
        }
      })();
    });
    const counter = await setting.main.mk();
    expect(await counter.inc(4)).toBe(4);
    await turns();
    counter[Symbol.dispose]();
    await turns();
    setting.expect("Target returned");
  });

  test("a callback argument", async () => {
    const setting = new Setting(client, server, ({ RpcTarget }) => {
      return new (class extends RpcTarget {
        async takeSlow(counter: Stub, _n: number) {
          return await counter.inc();
        }
      })();
    });
    const Counter = counterOf(setting.clientLibrary);
    expect(await setting.main.takeSlow(new Counter(), 5)).toBe(1);
    await turns();
    setting.expect("Callback argument");
  });

  test("an own stub passed back", async () => {
    const setting = new Setting(client, server, (library) => {
      const Counter = counterOf(library);
      return new (class extends library["RpcTarget"] {
        mk() {
          return new Counter();
        }
        inc(_counter: Stub) {
          return 1;
        }
      })();
    });
    const counter = await setting.main.mk();
    setting.client.sent.length = 0;
    setting.main.inc(counter);
    setting.expect("Own stub passed back", { from: "client" });
  });

  test("a local promise as argument", async () => {
    const setting = new Setting(client, server, ({ RpcTarget }) => {
      return new (class extends RpcTarget {
        f(n: number) {
          return n * 2;
        }
      })();
    });
    const { RpcPromise } = setting.clientLibrary;
    const argument = new RpcPromise(turns(4).then(() => 21));
    expect(await setting.main.f(argument)).toBe(42);
    await turns();
    setting.expect("Local pending promise");
  });

  test("a result that contains a promise of the server", async () => {
    const setting = new Setting(client, server, (library) => {
      const { RpcTarget, RpcPromise } = library;
      const Counter = counterOf(library);
      return new (class extends RpcTarget {
        both() {
          return { now: 1, later: new RpcPromise(turns(4).then(() => ({ c: new Counter() }))) };
        }
      })();
    });
    const result = await setting.main.both();
    expect(result.now).toBe(1);
    expect(await result.later.c.inc()).toBe(1);
    const golden = transcripts.find(({ what }) => what.startsWith("Result containing a promise"));
    expect(setting.server.sent.slice(0, 2)).toEqual(textsOf(golden, "server"));
    expect(setting.client.sent.slice(2, 4)).toEqual(textsOf(golden, "client"));
  });

  test("a promise that leads back to the peer", async () => {
    const setting = new Setting(client, server, ({ RpcTarget }) => {
      return new (class extends RpcTarget {
        chain(callback: Stub) {
          return { r: callback(1) };
        }
      })();
    });
    expect(await setting.main.chain((n: number) => n + 1)).toEqual({ r: 2 });
    await turns();
    setting.expect("Promise leading back");
  });

  test("a map with one call per element", async () => {
    const setting = new Setting(client, server, ({ RpcTarget }) => {
      return new (class extends RpcTarget {
        ids() {
          return [1, 2, 3];
        }
        name(id: number) {
          return `n${id}`;
        }
      })();
    });
    const api = setting.main;
    const names = api.ids().map((id: Stub) => api.name(id));
    expect(await names).toEqual(["n1", "n2", "n3"]);
    const golden = transcripts.find(({ what }) => what.startsWith("Map, one call"));
    expect(setting.client.sent.slice(0, 3)).toEqual(textsOf(golden, "client"));
    if (server === "ours") {
      expect(setting.server.sent).toEqual(['["resolve",2,[["n1","n2","n3"]]]']);
    }
  });

  test("a readable stream is uploaded", () => {
    const program = fileURLToPath(new URL("../support/upload-program.js", import.meta.url));
    const output = execFileSync(process.execPath, [program, client, server], { encoding: "utf8" });
    const golden = transcripts.find(({ what }) => what.startsWith("Upload"));
    expect(JSON.parse(output)).toEqual({
      read: [1, [2]],
      client: textsOf(golden, "client"),
      server: textsOf(golden, "server"),
    });
  });

  test("a writable stream is written to by the callee", async () => {
    const setting = new Setting(client, server, ({ RpcTarget }) => {
      return new (class extends RpcTarget {
        async sink(stream: WritableStream) {
          const writer = stream.getWriter();
          await writer.write("x");
          await writer.close();
          return "done";
        }
      })();
    });
    const written: unknown[] = [];
    const sink = new WritableStream({ write: (chunk) => void written.push(chunk) });
    expect(await setting.main.sink(sink)).toBe("done");
    expect(written).toEqual(["x"]);
    await turns();
    setting.expect("WritableStream argument");
  });

  test("a blob goes through a pipe", async () => {
    const setting = new Setting(client, server, ({ RpcTarget }) => {
      return new (class extends RpcTarget {
        async echoBlob(blob: Blob) {
          return [blob.type, await blob.text()];
        }
      })();
    });
    const blob = new Blob(["hey"], { type: "text/plain" });
    expect(await setting.main.echoBlob(blob)).toEqual(["text/plain", "hey"]);
    const golden = transcripts.find(({ what }) => what.startsWith("Blob"));
    const calls = setting.client.sent.filter((text) => !/^."(pull|release)"/.test(text));
    expect(calls).toEqual(textsOf(golden, "client"));
  });

  test("an unknown import is resolved: its stubs are released", async () => {
    const setting = new Setting(client, server, ({ RpcTarget }) => new RpcTarget());
    setting.client.inject('["resolve",5,["export",-1]]');
    await turns();
    setting.expect("Unknown import", { from: "client" });
  });

  test("a protocol error", async () => {
    const setting = new Setting(client, server, ({ RpcTarget }) => new RpcTarget());
    setting.server.inject('["pull",9]');
    await turns();
    const golden = transcripts.find(({ what }) => what.startsWith("Protocol error"));
    expect(setting.server.sent).toEqual(textsOf(golden, "server"));
  });
});

test("§22: maps of a path, an identity and a constant", () => {
  const [transport] = MemoryTransport.pair();
  const api: Stub = new ours.RpcSession(transport).getRemoteMain();
  for (let id = 1; id < 17; id++) api.skip();
  const remapped = (input: Stub, mapper: (x: Stub) => unknown) => {
    void input.map(mapper);
    return transport.sent.at(-1);
  };
  const seventeenth = api.skip();
  expect(remapped(seventeenth.list, (x) => x.x)).toBe(
    '["push",["remap",17,["list"],[],[["pipeline",0,["x"]]]]]',
  );
  const nineteenth = api.skip();
  const golden = transcripts.find(({ what }) => what.startsWith("Map of an identity"));
  expect(remapped(nineteenth, (x) => x)).toBe(`["push",${golden?.messages[0]?.text}]`);
  const twentyFirst = api.skip();
  expect(remapped(twentyFirst, () => 42)).toBe('["push",["remap",21,[],[],[42]]]');
});

test("§22: nested maps capture as the golden transcript shows", async () => {
  const [transport] = MemoryTransport.pair();
  const api: Stub = new ours.RpcSession(transport).getRemoteMain();
  for (let id = 1; id < 15; id++) api.skip();
  const objs = api.objs();
  void objs.map((o: Stub) => ({ id: o.id, k: o.kids.map((k: Stub) => api.add(k, o.id)) }));
  const golden = transcripts.find(({ what }) => what.startsWith("Nested map"));
  expect(transport.sent.at(-1)).toBe(golden?.messages[0]?.text);
});

function textsOf(transcript: Transcript | undefined, side: string): string[] {
  return (transcript?.messages ?? []).filter(({ from }) => from === side).map(({ text }) => text);
}
