// One writer of the tests between processes: `writer-program.js DIR STREAM COUNT shared|exclusive WRITER`.
// A message is the writer's number, the message's number, and filling of a length made of it.
import { OfferResult } from "@proj/aeron";
import { BackoffIdle, connectAeron } from "@proj/aeron/node";
import { setImmediate as turn } from "node:timers/promises";

const [folder = "", stream = "", count = "", kind = "", writer = ""] = process.argv.slice(2);
const { client, close } = await connectAeron({ aeronDir: folder });
const publication =
  kind === "shared"
    ? await client.addPublication("aeron:ipc", Number(stream))
    : await client.addExclusivePublication("aeron:ipc", Number(stream));
const idle = new BackoffIdle({ thread: "own" });
process.stdout.write("ready\n");
const room = new Uint8Array(2_048).fill(Number(writer));
const view = new DataView(room.buffer);
for (let number = 0; number < Number(count);) {
  view.setUint32(0, Number(writer), true);
  view.setUint32(4, number, true);
  const result = publication.offer(room.subarray(0, 8 + ((number * 31) % 2_000)));
  if (result > 0) {
    number++;
    idle.reset();
  } else if (result === OfferResult.closed) throw new Error("the client was closed");
  else if (result !== OfferResult.adminAction) await idle.idle();
  // The client lives on the event loop.
  if (number % 4_096 === 0) await turn();
}
publication.close();
await turn();
close();
