// The other side of the benchmark, in a process of its own: it answers pings, or writes as fast as it can.
import { setImmediate as turn } from "node:timers/promises";
import { serveProcess } from "@proj/bench";
import type { AtomicBuffer } from "@proj/aeron";
import { connectAeron } from "@proj/aeron/node";
import { CHANNEL, type LoadInput, spinFor } from "./load.js";

await serveProcess(async (input) => {
  const { part, aeronDir, stream, bytes } = input as LoadInput;
  const { client } = await connectAeron({ aeronDir });
  if (part === "pong") {
    const there = await client.addSubscription(CHANNEL, stream);
    const back = await client.addExclusivePublication(CHANNEL, stream + 1);
    const answer = new Uint8Array(bytes);
    const echo = (term: AtomicBuffer, offset: number, length: number): void => {
      for (let at = 0; at < length; at++) answer[at] = term.bytes[offset + at] ?? 0;
      while (back.offer(answer) < 0);
    };
    void forever(() => there.poll(echo, 16));
  } else {
    const publication = await client.addExclusivePublication(CHANNEL, stream);
    const message = new Uint8Array(bytes);
    void forever(() => publication.offer(message));
  }
  return { ready: null };
});

async function forever(step: () => number): Promise<void> {
  for (;;) {
    spinFor(20, step);
    await turn();
  }
}
