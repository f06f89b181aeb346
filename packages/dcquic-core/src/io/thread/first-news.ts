import type { Worker } from "node:worker_threads";
import { asWireError } from "@proj/wire-types";
import type { ThreadNews } from "./thread-messages.js";

/**
 * What a thread says first: whether its sockets are bound. One that says nothing is ended, and not waited for: it may hang where nothing
 * ends it.
 *
 * @throws WireError `wire.connection_failed` where it ends, or says nothing for `withinMs`.
 */
export async function firstNews(thread: Worker, withinMs: number): Promise<ThreadNews> {
  let giveUp: NodeJS.Timeout | undefined;
  try {
    return await new Promise((resolve, reject) => {
      const fail = (error: Error): void => reject(asWireError(error, "wire.connection_failed"));
      thread.once("message", ([news]: readonly [ThreadNews]) => resolve(news));
      thread.once("error", fail);
      thread.once("exit", () => fail(new Error("the thread ended before it was bound")));
      const late = new Error(`the thread was not bound within ${withinMs} ms`);
      giveUp = setTimeout(() => fail(late), withinMs);
    });
  } catch (error) {
    void thread.terminate();
    throw error;
  } finally {
    clearTimeout(giveUp);
  }
}
