import { describe, expect, test } from "@jest/globals";
import {
  type Connector,
  MemoryResumeStore,
  ResumableSession,
  ResumeManager,
  type ResumeOptions,
  type ResumeService,
  ResumingConnection,
  retryIdempotent,
  RpcSession,
  type RpcStub,
  RpcTarget,
  transportConnector,
} from "@proj/capnweb-rpc";
import { type LogRecord, ManualTime, MetricsRegistry, SeededRandom } from "@proj/wire-types";
import * as reference from "capnweb";
import fc from "fast-check";
import { MemoryTransport, turns } from "../support/memory-transport.js";

const HOUR_MS = 3_600_000;
const REFUSED = { code: "capnweb.resume_refused", message: "the resume token is not valid" };
const runs = { numRuns: Number(process.env["FUZZ_RUNS"] ?? 100) };
const secret = new Uint8Array(32).fill(7);

class Cart extends RpcTarget {
  readonly disposals: string[];
  readonly #items: string[];
  constructor(items: string[], disposals: string[] = []) {
    super();
    this.#items = items;
    this.disposals = disposals;
  }
  add(item: string) {
    return this.#items.push(item);
  }
  items() {
    return [...this.#items];
  }
  slow(): Promise<string> {
    return new Promise(() => undefined);
  }
  [Symbol.dispose]() {
    this.disposals.push("cart");
  }
}

function setUp(options: Partial<ResumeOptions> = {}) {
  const time = new ManualTime(1_000_000);
  const store = new MemoryResumeStore();
  const carts = new Map<string, string[]>([["c1", ["apple"]]]);
  const log: LogRecord[] = [];
  const meter = new MetricsRegistry();
  const manager = new ResumeManager({
    secrets: [secret],
    restorers: {
      cart: (params) => {
        const items = carts.get((params as { id: string }).id);
        return items === undefined ? undefined : new Cart(items);
      },
      broken: () => {
        throw new Error("database is down");
      },
    },
    store,
    clock: time,
    random: new SeededRandom(1),
    log: { log: (record) => log.push(record) },
    meter,
    ...options,
  });
  const counted = (outcome: string) => meter.value("capnweb_resume_total", { outcome });
  const advanceMs = (ms: number) => time.advance(ms * 1000);
  return { manager, store, carts, log, counted, advanceMs };
}
const cart = { key: "cart", kind: "cart", params: { id: "c1" } };

describe("§18.2: a token", () => {
  test("gives its objects back, once, and another token", async () => {
    const { manager, advanceMs, counted } = setUp();
    const first = await manager.issue("ada", [cart]);
    expect(first.token).toMatch(/^cwr1\.[\w-]{43}\.[\w-]{43}$/);
    expect(first).toMatchObject({ keys: ["cart"], expiresAtMs: 1_000_000 + HOUR_MS });
    const restored = await manager.restore(first.token, "ada");
    expect((restored.objects["cart"] as Cart).items()).toEqual(["apple"]);
    expect(restored.grant.token).not.toBe(first.token);
    expect(restored.grant.sessionId).toBe(first.sessionId);
    advanceMs(10_001);
    await expect(manager.restore(first.token, "ada")).rejects.toMatchObject(REFUSED);
    await manager.restore(restored.grant.token, "ada");
    expect([counted("issued"), counted("restored"), counted("replayed")]).toEqual([1, 2, 1]);
  });

  test("stays out of the store, of which only a hash is kept", async () => {
    class Spied extends MemoryResumeStore {
      readonly seen: unknown[] = [];
      override put(...args: Parameters<MemoryResumeStore["put"]>) {
        this.seen.push(args);
        super.put(...args);
      }
    }
    const store = new Spied();
    const { token } = await setUp({ store }).manager.issue("ada", [cart]);
    const [, id = "", code = ""] = token.split(".");
    expect(store.seen).toHaveLength(1);
    expect(JSON.stringify(store.seen)).not.toContain(id);
    expect(JSON.stringify(store.seen)).not.toContain(code);
  });

  test("works once more within the grace while its successor has not been used", async () => {
    const { manager, advanceMs } = setUp();
    const { token } = await manager.issue("ada", [cart]);
    const lost = await manager.restore(token, "ada");
    advanceMs(5000);
    const again = await manager.restore(token, "ada");
    // The token of the lost answer is void: there is one line, not two.
    await expect(manager.restore(lost.grant.token, "ada")).rejects.toMatchObject(REFUSED);
    await manager.restore(again.grant.token, "ada");
    await expect(manager.restore(token, "ada")).rejects.toMatchObject(REFUSED);
  });

  test("expires, and its line does too", async () => {
    const { manager, advanceMs, counted } = setUp({ maxAgeMs: 2 * HOUR_MS });
    const first = await manager.issue("ada", [cart], { ttlMs: 1000 });
    advanceMs(1000);
    expect(await manager.validate(first.token, "ada")).toBe(false);
    await expect(manager.restore(first.token, "ada")).rejects.toMatchObject(REFUSED);
    expect(counted("expired")).toBe(1);
    let { token } = await manager.issue("ada", [cart]);
    for (const expected of [HOUR_MS * 1.9, HOUR_MS, HOUR_MS * 0.2]) {
      expect(expected).toBeGreaterThan(0);
      advanceMs(HOUR_MS * 0.9);
      const outcome = await manager.restore(token, "ada").catch((error: unknown) => error);
      if (outcome instanceof Error) {
        expect(outcome).toMatchObject(REFUSED);
        return;
      }
      ({ token } = (outcome as { grant: { token: string } }).grant);
    }
    throw new Error("the line never ended");
  });

  test("is not made younger by a new one for the same line", async () => {
    const { manager, advanceMs } = setUp({ maxAgeMs: 2 * HOUR_MS });
    const begun = await manager.issue("ada", [cart]);
    advanceMs(1.5 * HOUR_MS);
    const after = await manager.issue("ada", [cart], { after: begun });
    expect(after).toMatchObject({
      sessionId: begun.sessionId,
      createdAtMs: begun.createdAtMs,
      expiresAtMs: begun.createdAtMs + 2 * HOUR_MS,
    });
    const { grant } = await manager.restore(after.token, "ada");
    expect(grant.expiresAtMs).toBe(begun.createdAtMs + 2 * HOUR_MS);
    advanceMs(0.5 * HOUR_MS);
    await expect(manager.issue("ada", [cart], { after: grant })).rejects.toMatchObject(REFUSED);
    // The line that has ended leaves nothing behind; another one may begin.
    expect(await manager.cleanup()).toBe(0);
    expect(await manager.issue("ada", [cart])).not.toHaveProperty("sessionId", begun.sessionId);
  });

  test("can be looked at without being used; what was kept beside comes back", async () => {
    const { manager, advanceMs } = setUp();
    const metadata = { locale: "de" };
    const { token, sessionId } = await manager.issue("ada", [cart], { metadata });
    advanceMs(5);
    expect(await manager.inspect(token, "ada")).toEqual({
      sessionId,
      createdAtMs: 1_000_000,
      expiresAtMs: 1_000_000 + HOUR_MS,
      valid: true,
      keys: ["cart"],
      metadata,
    });
    expect(await manager.inspect(token, "eve")).toBeUndefined();
    const session = new ResumableSession(manager, "ada");
    const { grant } = await session.service.restore(token);
    expect(session.metadata).toEqual(metadata);
    expect(await manager.inspect(grant.token, "ada")).toMatchObject({ metadata, valid: true });
    advanceMs(HOUR_MS);
    expect(await manager.inspect(grant.token, "ada")).toMatchObject({ valid: false });
  });

  test("is for one principal", async () => {
    const { manager, log } = setUp();
    const { token } = await manager.issue("ada", [cart]);
    expect(await manager.validate(token, "eve")).toBe(false);
    await expect(manager.restore(token, "eve")).rejects.toMatchObject(REFUSED);
    expect(log).toEqual([
      { level: "warn", event: "capnweb.resume_refused", fields: { reason: "unrecognised" } },
    ]);
    // Whoever tried did not use it up.
    expect(await manager.validate(token, "ada")).toBe(true);
    await manager.restore(token, "ada");
  });

  test("can be voided, and swept up", async () => {
    const { manager, store, advanceMs } = setUp();
    const first = await manager.issue("ada", [cart]);
    expect(await manager.invalidate(first.sessionId)).toBe(1);
    await expect(manager.restore(first.token, "ada")).rejects.toMatchObject(REFUSED);
    await manager.issue("ada", [cart]);
    advanceMs(HOUR_MS);
    expect([await manager.cleanup(), store.size]).toEqual([1, 0]);
  });

  test("made with an older secret is recognised while that is kept", async () => {
    const shared = new MemoryResumeStore();
    const { token } = await setUp({ store: shared }).manager.issue("ada", [cart]);
    const newer = new Uint8Array(32).fill(9);
    const both = setUp({ store: shared, secrets: [newer, secret] }).manager;
    expect(await both.validate(token, "ada")).toBe(true);
    expect(await setUp({ store: shared, secrets: [newer] }).manager.validate(token, "ada")).toBe(
      false,
    );
  });

  test("of two restores at once at most one gets the same record", async () => {
    const { manager } = setUp({ graceMs: 0 });
    const { token } = await manager.issue("ada", [cart]);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 8 }, () => manager.restore(token, "ada")),
    );
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });

  test("survives a restorer that fails; an object that is gone is left out", async () => {
    const { manager, carts } = setUp();
    const broken = { key: "b", kind: "broken", params: null };
    const { token } = await manager.issue("ada", [cart, broken]);
    await expect(manager.restore(token, "ada")).rejects.toThrow("database is down");
    await expect(manager.restore(token, "ada")).rejects.toThrow("database is down");
    const other = await manager.issue("ada", [cart]);
    carts.clear();
    const restored = await manager.restore(other.token, "ada");
    expect([restored.objects, restored.grant.keys]).toEqual([{}, []]);
  });

  test("holds no more than its limits, of kinds there are", async () => {
    const { manager } = setUp({ maxEntries: 1, maxRecordSize: 100 });
    await expect(manager.issue("ada", [cart, cart])).rejects.toThrow(
      "2 objects in one resume token, limit 1",
    );
    await expect(manager.issue("ada", [{ ...cart, params: "x".repeat(100) }])).rejects.toThrow(
      /resume record of \d+ characters, limit 100/,
    );
    await expect(manager.issue("ada", [{ ...cart, kind: "toString" }])).rejects.toThrow(
      'no restorer of kind "toString"',
    );
    expect(() => new ResumeManager({ secrets: [], restorers: {} })).toThrow(RangeError);
    expect(() => new ResumeManager({ secrets: [new Uint8Array(31)], restorers: {} })).toThrow(
      "a secret of 31 bytes",
    );
  });
});

test("the store in memory keeps so many records, the newest", () => {
  const store = new MemoryResumeStore(2);
  const record = {
    sessionId: "s",
    principal: "p",
    entries: [],
    seq: 0,
    createdAtMs: 0,
    expiresAtMs: 9,
  };
  for (const handle of ["a", "b", "c"]) store.put(handle, record);
  expect([store.size, store.get("a"), store.get("c")]).toEqual([2, undefined, record]);
  store.put("d", { ...record, sessionId: "other" });
  expect([store.removeSession("s"), store.removeSession("s"), store.size]).toEqual([1, 0, 1]);
  expect([store.removeExpired(8), store.removeExpired(9), store.size]).toEqual([0, 1, 0]);
});

describe("fuzz: hostile tokens", () => {
  test("any text, and any change to a token, is refused alike", async () => {
    const { manager } = setUp();
    const { token } = await manager.issue("ada", [cart]);
    const changed = fc
      .tuple(
        fc.nat(token.length - 1),
        fc.constantFrom("A", "z", "0", "-", "_", ".", "+", "/", "=", " ", "\u0000", "é"),
      )
      .map(([at, char]) => token.slice(0, at) + char + token.slice(at + 1))
      .filter((text) => text !== token);
    const hostile = fc.oneof(
      changed,
      fc.string(),
      fc.nat(token.length - 1).map((length) => token.slice(0, length)),
      fc.constant(`${token}A`),
      fc.anything(),
    );
    await fc.assert(
      fc.asyncProperty(hostile, async (text) => {
        const failure: unknown = await manager
          .restore(text, "ada")
          .catch((error: unknown) => error);
        expect(failure).toMatchObject(REFUSED);
        expect(Object.keys((failure as { details: object }).details)).toEqual([]);
      }),
      runs,
    );
    expect(await manager.validate(token, "ada")).toBe(true);
  });
});

class Main extends RpcTarget {
  readonly #session: ResumableSession;
  readonly #carts: Map<string, string[]>;
  constructor(manager: ResumeManager, carts: Map<string, string[]>, principal: string) {
    super();
    this.#session = new ResumableSession(manager, principal);
    this.#carts = carts;
  }
  get resume(): ResumeService {
    return this.#session.service;
  }
  cart(id: string): Cart {
    const made = new Cart(this.#carts.get(id) ?? []);
    return this.#session.mark(made, { key: "cart", kind: "cart", params: { id } });
  }
  logOut() {
    return this.#session.invalidate();
  }
}

describe("§18.2: over sessions", () => {
  function world(principal = "ada") {
    const { manager, carts, ...rest } = setUp();
    const time = new ManualTime();
    const links: [MemoryTransport, MemoryTransport][] = [];
    const connector: Connector<Main> = transportConnector<Main>(() => {
      const pair = MemoryTransport.pair();
      links.push(pair);
      void new RpcSession(pair[1], new Main(manager, carts, principal));
      return pair[0];
    });
    const lose = async () => {
      for (const end of links.at(-1) ?? []) end.lose(new Error("cable cut"));
      await turns();
      time.advance(1_000_000);
      await settle();
    };
    return { manager, carts, connector, lose, time, links, ...rest };
  }
  // Web Crypto answers in macrotasks.
  const settle = () => new Promise((resolve) => setTimeout(resolve, 20));

  test("an object survives the connection; a call in flight is lost, an idempotent one repeated", async () => {
    const { connector, lose, time } = world();
    const tokens: (string | undefined)[] = [];
    const client = new ResumingConnection<Main>(connector, {
      resume: (main) => main.resume,
      onToken: (token) => tokens.push(token),
      time,
      random: new SeededRandom(1),
    });
    const kept = await client.keep("cart", await client.main.cart("c1"));
    expect(await kept.add("pear")).toBe(2);
    const inFlight = kept.slow().then(
      () => undefined,
      (error: unknown) => error,
    );
    let attempts = 0;
    const repeated = retryIdempotent(() =>
      attempts++ === 0 ? (kept.slow() as PromiseLike<unknown>) : kept.items(),
    );
    await turns();
    await lose();
    expect(await inFlight).toMatchObject({ code: "capnweb.connection_lost" });
    expect(await repeated).toEqual(["apple", "pear"]);
    expect(attempts).toBe(2);
    await lose();
    expect(await kept.items()).toEqual(["apple", "pear"]);
    expect(new Set(tokens).size).toBe(3);
    expect(client.token).toBe(tokens.at(-1));
    client[Symbol.dispose]();
  });

  test("a program that starts again goes on with the token it kept", async () => {
    const { connector, time } = world();
    const resume = (main: RpcStub<Main>) => main.resume;
    const before = new ResumingConnection<Main>(connector, { resume, time });
    await before.keep("cart", await before.main.cart("c1"));
    const { token } = before;
    before[Symbol.dispose]();
    const after = new ResumingConnection<Main>(connector, { resume, time, token });
    expect(await after.object<Cart>("cart").items()).toEqual(["apple"]);
  });

  test("a refused token fails its objects, and the connection goes on", async () => {
    const { connector, time } = world();
    const tokens: (string | undefined)[] = [];
    const client = new ResumingConnection<Main>(connector, {
      resume: (main) => main.resume,
      token: "cwr1.forged.token",
      onToken: (token) => tokens.push(token),
      time,
    });
    await expect(async () => await client.object<Cart>("cart").items()).rejects.toMatchObject({
      code: "capnweb.resume_refused",
    });
    expect(await client.main.cart("c1").items()).toEqual(["apple"]);
    expect(tokens).toEqual([undefined]);
  });

  test("logging out voids the token", async () => {
    const { connector, time, manager } = world();
    const client = new ResumingConnection<Main>(connector, {
      resume: (main) => main.resume,
      time,
    });
    await client.keep("cart", await client.main.cart("c1"));
    await client.main.logOut();
    expect(await manager.validate(client.token, "ada")).toBe(false);
  });

  test("a reference client uses it with ordinary calls", async () => {
    const { manager, carts } = setUp();
    const connect = () => {
      const [client, server] = MemoryTransport.pair();
      void new RpcSession(server, new Main(manager, carts, "ada"));
      return new reference.RpcSession(client).getRemoteMain() as unknown as RpcStub<Main>;
    };
    const first = connect();
    await first.cart("c1").add("plum");
    const { token } = await first.resume.issue();
    const second = connect();
    const { objects } = await second.resume.restore(token);
    const stub = objects["cart"] as unknown as RpcStub<Cart>;
    expect(await stub.items()).toEqual(["apple", "plum"]);
    await expect(async () => await second.resume.restore("forged")).rejects.toMatchObject(REFUSED);
  });
});
