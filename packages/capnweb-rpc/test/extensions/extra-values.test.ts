import { describe, expect, test } from "@jest/globals";
import { RpcSession, type RpcSessionOptions, RpcStub, RpcTarget } from "@proj/capnweb-rpc";
import * as reference from "capnweb";
import fc from "fast-check";
import { MemoryTransport, turns } from "../support/memory-transport.js";

/* oxlint-disable typescript/no-explicit-any -- what a peer offers is not typed here */
type Stub = any;

const agreed: RpcSessionOptions = { extraValues: true };

class Api extends RpcTarget {
  echo(value: unknown) {
    return value;
  }
  withCallback(callback: (value: unknown) => unknown) {
    return { made: new Map([["f", typeof callback]]), set: new Set([1]) };
  }
  config() {
    return { name: "n", tags: new Set(["a"]) };
  }
}

function connect(client: RpcSessionOptions = agreed, server: RpcSessionOptions = agreed) {
  const [near, far] = MemoryTransport.pair();
  void new RpcSession(far, new Api(), server);
  const main: Stub = new RpcSession(near, undefined, client).getRemoteMain();
  return { near, far, main };
}

// First, while no session of this process has agreed to them.
describe("§5.5: without the option", () => {
  test("a Map, a Set and a RegExp are refused, locally too", async () => {
    const { near, main } = connect({}, {});
    for (const value of [new Map(), new Set(), /x/]) {
      expect(() => main.echo(value)).toThrow("Cannot serialize value: ");
      expect(() => new RpcStub(new Api()).echo(value)).toThrow("Cannot serialize value");
    }
    await expect(async () => await main.config()).rejects.toThrow(
      "Cannot serialize value: [object Set]",
    );
    expect(near.sent.join()).not.toMatch(/map|set|regexp/);
  });

  test("a peer that sends them all the same ends the session, as the reference has it", async () => {
    const { far, main } = connect(agreed, {});
    await expect(async () => await main.echo(new Set([1]))).rejects.toThrow(
      'unknown special value: ["set",[1]]',
    );
    expect(far.aborted).toBeInstanceOf(TypeError);
  });

  test("a reference peer never sees one", async () => {
    const [near, far] = MemoryTransport.pair();
    class Main extends reference.RpcTarget {
      echo(value: unknown) {
        return value;
      }
    }
    void new reference.RpcSession(far, new Main());
    const main: Stub = new RpcSession(near).getRemoteMain();
    expect(() => main.echo(new Map([[1, 2]]))).toThrow("Cannot serialize value: [object Map]");
    expect(await main.echo({ fine: [1] })).toEqual({ fine: [1] });
    expect(near.sent.join()).not.toContain('"map"');
  });
});

describe("§5.5: where both ends agree", () => {
  test("they cross in calls and results, as they are", async () => {
    const { near, main } = connect();
    const value = {
      map: new Map<unknown, unknown>([
        ["a", 1],
        [{ k: [2n] }, new Date(3)],
        [undefined, new Map([[1, new Set()]])],
      ]),
      set: new Set<unknown>([1, "a", [NaN]]),
      regexp: /a[/]b/giu,
    };
    expect({ ...(await main.echo(value)) }).toEqual(value);
    expect(near.sent[0]).toContain('"regexp":["regexp","a[/]b","giu"]');
    const back: RegExp = await main.echo(/x/y);
    expect([back.source, back.flags, back.lastIndex]).toEqual(["x", "y", 0]);
  });

  test("results with callbacks among the arguments, and pipelined into", async () => {
    const { main } = connect();
    const result = await main.withCallback(() => 1);
    expect({ ...result }).toEqual({ made: new Map([["f", "function"]]), set: new Set([1]) });
    expect(await main.config().name).toBe("n");
    expect(await main.echo(main.config().tags)).toEqual(new Set(["a"]));
  });

  test("they hold values only", async () => {
    const { near, main } = connect();
    await main.echo(1);
    const config = main.config();
    const sent = near.sent.length;
    for (const member of [main, config, () => 1, new Blob(["x"]), new Api()]) {
      expect(() => main.echo(new Map([[1, member]]))).toThrow("holds values only");
    }
    expect(near.sent).toHaveLength(sent);
    const { main: other } = connect();
    const stub: Stub = new RpcStub({ f: () => new Set([() => 1]) });
    await expect(async () => await stub.f()).rejects.toThrow("holds values only");
    expect(await other.echo(new Set([1]))).toEqual(new Set([1]));
  });

  test("subclasses and deep nesting are refused as everywhere", () => {
    const { main } = connect();
    class Special extends Map {}
    expect(() => main.echo(new Special())).toThrow("Cannot serialize value");
    let deep: unknown = 1;
    for (let level = 0; level < 200; level++) deep = new Set([deep]);
    expect(() => main.echo(deep)).toThrow("maximum allowed depth");
  });

  test.each([
    '["map",[[1]]]',
    '["map",[1]]',
    '["map",5]',
    '["map",[],1]',
    '["set"]',
    '["set",[["what"]]]',
    '["regexp","(",""]',
    '["regexp","a","zz"]',
    '["regexp","a"]',
    '["regexp","a","",1]',
    '["set",[["export",-1]]]',
    '["set",[["import",0]]]',
  ])("%s ends the session", async (expression) => {
    const { near, far } = connect();
    near.send(`["push",${expression}]`).catch(() => undefined);
    await turns();
    expect(far.aborted).toBeInstanceOf(TypeError);
  });

  test("fuzz: whatever holds values comes back equal", async () => {
    const { main } = connect();
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4, withCrossShrink: true },
        fc.integer(),
        fc.string(),
        fc.bigInt(),
        fc.array(tie("value"), { maxLength: 3 }),
        fc.array(tie("value"), { maxLength: 3 }).map((members) => new Set(members)),
        fc
          .array(fc.tuple(tie("value"), tie("value")), { maxLength: 3 })
          .map((entries) => new Map(entries)),
      ),
    }));
    await fc.assert(
      fc.asyncProperty(value, async (sent) => {
        const [received] = (await main.echo([sent])) as unknown[];
        expect(received).toEqual(sent);
      }),
      { numRuns: Number(process.env["FUZZ_RUNS"] ?? 100) },
    );
  });
});
