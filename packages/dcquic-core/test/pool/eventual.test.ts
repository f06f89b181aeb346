import { describe, expect, test } from "@jest/globals";
import { Eventual } from "#src/pool/eventual.js";

describe("a value that comes later", () => {
  test("a promise that was asked for before it failed rejects with the same error, and so does one asked for later", async () => {
    const eventual = new Eventual<number>();
    const { promise } = eventual;
    const error = new Error("no answer");
    eventual.reject(error);
    eventual.resolve(1);
    await expect(promise).rejects.toBe(error);
    expect(eventual.promise).toBe(promise);
    const late = new Eventual<number>();
    late.reject(error);
    await expect(late.promise).rejects.toBe(error);
  });

  test("it is settled once, by the first who does, whether its promise waits, was not asked for, or was asked for since", async () => {
    const waiting = new Eventual<number | undefined>();
    const { promise } = waiting;
    const alone = new Eventual<number | undefined>();
    for (const each of [waiting, alone]) {
      expect(each.isSettled).toBe(false);
      each.resolve(undefined);
      expect(each.isSettled).toBe(true);
      each.resolve(2);
      each.reject(new Error("too late"));
      expect(await each.promise).toBeUndefined();
      expect(each.isSettled).toBe(true);
    }
    expect(waiting.promise).toBe(promise);
  });

  test("a failure that nobody waits for, or that is handled in time, is no unhandled rejection", async () => {
    new Eventual<number>().reject(new Error("nobody asked"));
    const handled = new Eventual<number>();
    const seen = handled.promise.catch((error: unknown) => error);
    const error = new Error("handled");
    handled.reject(error);
    expect(await seen).toBe(error);
    await new Promise((resolve) => void setImmediate(resolve));
  });
});
