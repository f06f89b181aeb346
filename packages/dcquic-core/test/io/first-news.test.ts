import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { afterEach, expect, test } from "@jest/globals";
import { firstNews } from "#src/io/thread/first-news.js";

const threads: Worker[] = [];

afterEach(async () => {
  for (const thread of threads.splice(0)) await Worker.prototype.terminate.call(thread);
});

function running(program: string): Worker {
  const thread = new Worker(program, { eval: true, stderr: true });
  threads.push(thread);
  return thread;
}

const failed = (message: RegExp): object =>
  expect.objectContaining({
    code: "wire.connection_failed",
    message: expect.stringMatching(message),
  });

test("§19: the start of a thread resolves with what it says first", async () => {
  const said = { kind: "notBound", code: "wire.connection_failed", message: "EADDRINUSE" };
  const thread = running(
    `require("worker_threads").parentPort.postMessage([${JSON.stringify(said)}])`,
  );
  expect(await firstNews(thread, 60_000)).toEqual(said);
});

test("§19: a thread that hangs as it starts fails the start, is ended, and not waited for", async () => {
  const thread = running("for (;;);");
  const ended = once(thread, "exit");
  await expect(firstNews(thread, 50)).rejects.toEqual(failed(/within 50 ms/));
  await ended;
  const stuck = running("setInterval(() => {}, 1000)");
  stuck.terminate = () => new Promise(() => {});
  await expect(firstNews(stuck, 50)).rejects.toEqual(failed(/within 50 ms/));
});

test("§19: a thread that ends, or throws, as it starts fails the start", async () => {
  await expect(firstNews(running(""), 60_000)).rejects.toEqual(failed(/ended before/));
  const thrown = running('throw "no memory"');
  await expect(firstNews(thrown, 60_000)).rejects.toEqual(failed(/no memory/));
});
