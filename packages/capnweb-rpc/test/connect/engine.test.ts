import { describe, expect, test } from "@jest/globals";
import {
  type ConnectionCommand,
  ConnectionEngine,
  type ConnectionRules,
  type ConnectionState,
} from "@proj/capnweb-rpc";
import { SeededRandom } from "@proj/wire-types";
import fc from "fast-check";
import { Backoff } from "#src/connect/backoff.js";
import { Health } from "#src/connect/health.js";

const SECOND = 1_000_000;
const gone = new Error("gone");

function engine(rules: ConnectionRules = {}) {
  const connection = new ConnectionEngine(rules, new SeededRandom(1));
  const commands = () => drain(() => connection.nextCommand());
  const states = () => drain(() => connection.nextState());
  return { connection, commands, states };
}

function drain<T>(next: () => T | undefined): T[] {
  const all: T[] = [];
  for (let item = next(); item !== undefined; item = next()) all.push(item);
  return all;
}

const kinds = (items: readonly (ConnectionCommand | ConnectionState)[]) =>
  items.map(({ kind }) => kind);

describe("§20.2: reconnect", () => {
  test("a lost link is opened again after a wait, which starts anew after a success", () => {
    const { connection, commands, states } = engine({ reconnect: { baseMs: 1000 } });
    connection.start(0);
    connection.start(0);
    expect(kinds(commands())).toEqual(["open"]);
    expect(connection.opened(5)).toBe(true);
    connection.lost(10, gone);
    expect(states()).toEqual([
      { kind: "open" },
      { kind: "reconnecting", attempts: 1, reason: gone },
    ]);
    const untilUs = connection.nextDeadline() ?? 0;
    expect(untilUs).toBeLessThanOrEqual(10 + SECOND);
    connection.tick(untilUs - 1);
    expect(commands()).toEqual([]);
    connection.tick(untilUs);
    expect(kinds(commands())).toEqual(["open"]);
    connection.openFailed(untilUs, gone);
    expect(states()).toMatchObject([{ attempts: 2 }]);
    connection.tick(connection.nextDeadline() ?? 0);
    connection.opened(9 * SECOND);
    connection.lost(9 * SECOND, gone);
    expect(states()).toMatchObject([{ kind: "open" }, { attempts: 1 }]);
  });

  test("waits are drawn from nothing up to a bound that doubles and is capped", () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 60 }), (seed, failures) => {
        const backoff = new Backoff({ baseMs: 100, capMs: 5000 }, new SeededRandom(seed));
        for (let n = 0; n < failures; n++) {
          const waitUs = backoff.failed(0) ?? NaN;
          expect(waitUs).toBeGreaterThanOrEqual(0);
          expect(waitUs).toBeLessThan(Math.min(5 * SECOND, 100_000 * 2 ** n));
        }
      }),
    );
  });

  test("enough attempts, or enough time, close for good", () => {
    const { connection, commands, states } = engine({ reconnect: { baseMs: 1, maxAttempts: 3 } });
    connection.start(0);
    for (let n = 0; n < 3; n++) {
      connection.openFailed(n, gone);
      connection.tick(SECOND * (n + 1));
    }
    expect(states().at(-1)).toEqual({ kind: "closed", reason: gone });
    expect(kinds(commands())).toEqual(["open", "open", "open"]);
    expect(connection.nextDeadline()).toBeUndefined();
    const slow = engine({ reconnect: { maxElapsedMs: 50 } });
    slow.connection.start(0);
    slow.connection.openFailed(0, gone);
    slow.connection.tick(50_000);
    slow.connection.openFailed(50_000, gone);
    expect(slow.connection.state).toEqual({ kind: "closed", reason: gone });
  });

  test("no reconnect means that the first loss is the end", () => {
    const { connection } = engine({ reconnect: false });
    connection.start(0);
    connection.opened(1);
    connection.lost(2, gone);
    expect(connection.state).toEqual({ kind: "closed", reason: gone });
  });

  test("an attempt that takes too long is given up, and what it gives later is not wanted", () => {
    const { connection, commands } = engine({ connectTimeoutMs: 100 });
    connection.start(0);
    commands();
    connection.tick(99_999);
    expect(commands()).toEqual([]);
    connection.tick(100_000);
    expect(commands()).toMatchObject([
      { kind: "giveUpOpening", reason: { code: "capnweb.connect_timeout" } },
    ]);
    expect(connection.opened(100_001)).toBe(false);
    connection.openFailed(100_001, gone);
    expect(connection.state).toMatchObject({ kind: "reconnecting", attempts: 1 });
  });

  test("waking ends the wait", () => {
    const { connection, commands } = engine({ reconnect: { baseMs: 60_000 } });
    connection.start(0);
    connection.openFailed(0, gone);
    commands();
    connection.wake(1);
    connection.wake(1);
    expect(kinds(commands())).toEqual(["open"]);
  });
});

describe("§20.1: health", () => {
  test("pings go out at every interval; enough of them without an answer drop the link", () => {
    const { connection, commands } = engine({
      health: { intervalMs: 1000, timeoutMs: 200, threshold: 2 },
    });
    connection.start(0);
    connection.opened(0);
    commands();
    connection.tick(SECOND);
    expect(kinds(commands())).toEqual(["ping"]);
    expect(connection.answered(SECOND + 50_000)).toBe(50_000);
    connection.tick(connection.nextDeadline() ?? 0);
    connection.tick(connection.nextDeadline() ?? 0);
    expect(kinds(commands())).toEqual(["ping", "ping"]);
    connection.tick(connection.nextDeadline() ?? 0);
    expect(commands()).toMatchObject([
      { kind: "drop", reason: { code: "capnweb.ping_timeout", retryable: true } },
    ]);
    expect(connection.state.kind).toBe("reconnecting");
  });

  test("one answer forgives what was missed", () => {
    const health = new Health({ intervalMs: 10, timeoutMs: 5, threshold: 2 }, 0);
    expect(health.tick(9_999)).toBe("nothing");
    expect(health.tick(10_000)).toBe("ping");
    expect(health.tick(15_000)).toBe("ping");
    health.answered(16_000);
    expect(health.tick(26_000)).toBe("ping");
    expect(health.tick(31_000)).toBe("ping");
    expect(health.tick(36_000)).toBe("dead");
  });
});

describe("§20.4: the end", () => {
  test("draining keeps the link until it is closed or lost", () => {
    const { connection, commands, states } = engine();
    connection.start(0);
    connection.opened(0);
    connection.drain();
    connection.drain();
    connection.close(gone);
    connection.close(gone);
    expect(kinds(states())).toEqual(["open", "draining", "closed"]);
    expect(kinds(commands())).toEqual(["open", "drop"]);
  });

  test("closing while opening gives the attempt up; draining without a link closes", () => {
    const opening = engine();
    opening.connection.start(0);
    opening.connection.drain();
    expect(kinds(opening.commands())).toEqual(["open", "giveUpOpening"]);
    expect(opening.connection.state).toMatchObject({ reason: { code: "capnweb.closed" } });
    const draining = engine();
    draining.connection.start(0);
    draining.connection.opened(0);
    draining.connection.drain();
    draining.connection.lost(1, gone);
    expect(draining.connection.state).toEqual({ kind: "closed", reason: gone });
  });
});

test("whatever happens in whatever order, a closed connection does nothing more", () => {
  const step = fc.constantFrom(
    "start",
    "opened",
    "openFailed",
    "lost",
    "answered",
    "wake",
    "drain",
    "tick",
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.nat(), (steps, seed) => {
      const health = { intervalMs: 10 };
      const connection = new ConnectionEngine({ health }, new SeededRandom(seed));
      let nowUs = 0;
      let opening = 0;
      const run = (name: (typeof steps)[number]): void => {
        if (name === "tick") nowUs = Math.max(nowUs, connection.nextDeadline() ?? nowUs);
        if (name === "openFailed" || name === "lost") connection[name](nowUs, gone);
        else if (name === "drain") connection.drain();
        else connection[name](nowUs);
        for (const { kind } of drain(() => connection.nextCommand())) {
          if (kind === "open") opening++;
        }
      };
      for (const name of steps) run(name);
      connection.close(gone);
      drain(() => connection.nextCommand());
      drain(() => connection.nextState());
      const before = opening;
      for (const name of steps) run(name);
      expect(opening).toBe(before);
      expect(connection.nextState()).toBeUndefined();
      expect(connection.nextDeadline()).toBeUndefined();
    }),
  );
});
