import { describe, expect, test } from "@jest/globals";
import { SeededRandom } from "@proj/wire-types";
import { newSessionMemory, SessionStore } from "@proj/xcp-framing";

const MINUTE = 60_000_000;
const id = newSessionMemory(new SeededRandom(1)).sessionId ?? new Uint8Array();
const other = newSessionMemory(new SeededRandom(2)).sessionId ?? new Uint8Array();

describe("§10 sessions across connections", () => {
  test("a session waits 5 minutes for its peer", () => {
    const store = new SessionStore();
    const first = store.claim(0, id, "a");
    expect(first.resumed).toBe(false);
    store.release(0, first.memory, "a");
    const second = store.claim(5 * MINUTE - 1, id, "a");
    expect(second).toEqual({ memory: first.memory, resumed: true });
    store.release(10 * MINUTE, second.memory, "a");
    expect(store.claim(15 * MINUTE, id, "a").resumed).toBe(false);
  });

  test("it belongs to the name of its peer", () => {
    const store = new SessionStore();
    store.claim(0, id, "a");
    expect(store.claim(0, id, "b").resumed).toBe(false);
    expect(store.claim(0, id, undefined).resumed).toBe(false);
  });

  test("a connected session does not expire, and is not evicted", () => {
    const store = new SessionStore({ maxSessions: 1 });
    store.claim(0, id, undefined);
    expect(store.claim(60 * MINUTE, id, undefined).resumed).toBe(true);
    expect(store.claim(60 * MINUTE, other, undefined).resumed).toBe(false);
    expect(store.size).toBe(1);
    expect(store.claim(60 * MINUTE, id, undefined).resumed).toBe(true);
  });

  test("the one that waited longest makes room", () => {
    const store = new SessionStore({ maxSessions: 1 });
    const { memory } = store.claim(0, id, undefined);
    store.release(0, memory, undefined);
    store.claim(1, other, undefined);
    expect(store.claim(2, id, undefined).resumed).toBe(false);
  });
});
