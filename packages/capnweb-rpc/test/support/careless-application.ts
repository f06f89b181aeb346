// A program whose hook, broken-callback and disposer throw: it prints what it hears of that.
import { RpcSession, RpcTarget } from "@proj/capnweb-rpc";
import { MemoryTransport, turns } from "./memory-transport.js";

const reported: string[] = [];
process.on("unhandledRejection", (reason) => reported.push((reason as Error).message));

class Api extends RpcTarget {
  fail(): never {
    throw new Error("secret");
  }
  two() {
    return 2;
  }
  [Symbol.dispose]() {
    throw new Error("from the disposer");
  }
}
const [client, server] = MemoryTransport.pair();
void new RpcSession(server, new Api(), {
  onSendError: () => {
    throw new Error("from the hook");
  },
});
const main = new RpcSession<Api>(client).getRemoteMain();
const heard = await main.fail().then(
  () => "nothing",
  (error: unknown) => (error as Error).message,
);
const two = await main.two();
main.onRpcBroken(() => {
  throw new Error("from the callback");
});
let ended = false;
main.onRpcBroken(() => (ended = true));
client.lose(new Error("gone"));
server.lose(new Error("gone"));
await turns();
await new Promise((resolve) => setTimeout(resolve, 5));
process.stdout.write(JSON.stringify({ heard, two, ended, reported: reported.toSorted() }));
