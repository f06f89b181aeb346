// An upload between two implementations, outside Jest: there, what streams promise belongs to another realm
// than the code that awaits it, and takes more turns to arrive. Prints what either side sent.
import * as ours from "@proj/capnweb-rpc";
import * as reference from "capnweb";
import { MemoryTransport, turns } from "./memory-transport.js";

/* oxlint-disable typescript/no-explicit-any -- either implementation, without its types */
type Library = Record<string, any>;

const libraries: Record<string, Library> = { ours, reference };
const [near, far] = process.argv.slice(2).map((name) => libraries[name]) as [Library, Library];

class Reader extends far["RpcTarget"] {
  async rd(stream: ReadableStream) {
    const chunks: unknown[] = [];
    const reader = stream.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return chunks;
      chunks.push(value);
    }
  }
}

const [client, server] = MemoryTransport.pair();
void new far["RpcSession"](server, new Reader());
const main = new near["RpcSession"](client).getRemoteMain();
const source = new ReadableStream({
  start(controller) {
    controller.enqueue(1);
    controller.enqueue([2]);
    controller.close();
  },
});
const read = await main.rd(source);
await turns();
process.stdout.write(JSON.stringify({ read, client: client.sent, server: server.sent }));
