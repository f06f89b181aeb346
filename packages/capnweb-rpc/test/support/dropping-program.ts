// Drops stubs and promises without disposing them, with a garbage collector to call. Prints what is left.
import { RpcSession, RpcTarget } from "@proj/capnweb-rpc";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { MemoryTransport, turns } from "./memory-transport.js";

setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc") as () => void;

class Thing extends RpcTarget {
  hello() {
    return "hello";
  }
}
class Api extends RpcTarget {
  notify(_n: number) {
    return { unasked: true };
  }
  list() {
    return [1, 2];
  }
  make() {
    return new Thing();
  }
  nested() {
    return { things: [new Thing(), new Thing()] };
  }
  later() {
    return new Promise<number>((resolve) => {
      setTimeout(() => resolve(7), 20);
    });
  }
}

async function collected(): Promise<void> {
  for (let round = 0; round < 6; round++) {
    gc();
    // The registry calls back in a later task.
    await new Promise((resolve) => setTimeout(resolve, 4));
    gc();
  }
  await turns();
}

function connect(dropped?: object) {
  const [client, server] = MemoryTransport.pair();
  const served = new RpcSession(server, new Api());
  const session = new RpcSession<Api>(client, undefined, { dropped });
  return { session, served, main: session.getRemoteMain() };
}

const results: Record<string, unknown> = {};

{
  const { main, session, served } = connect();
  for (let n = 0; n < 300; n++) void main.notify(n);
  await turns();
  void main.list().map((n) => main.notify(n));
  await main.notify(0);
  await collected();
  results["promises"] = [session.getStats().imports, served.getStats().exports];
}
{
  const { main, session } = connect();
  await (async () => {
    for (let n = 0; n < 20; n++) {
      await main.make();
      await main.nested();
    }
  })();
  await collected();
  results["stubs"] = session.getStats().imports;
}
{
  const { main } = connect();
  const hello = (() => {
    const thing = main.make();
    return thing.hello;
  })();
  await turns();
  await main.notify(0);
  await collected();
  results["a property keeps what it belongs to"] = await hello();
  const waiting = (() => main.later().then((n) => n))();
  await collected();
  results["what is awaited stays"] = await waiting;
  const { things } = await main.nested();
  await collected();
  results["what is held stays"] = await things[0]?.hello();
}
{
  // The collector says of dropped objects in no order of its own.
  const showsPlace: Record<string, boolean> = {};
  const { main, session } = connect({
    report: ({ kind, stack }: { kind: string; stack: string }) => {
      showsPlace[kind] = stack.includes("dropping-program");
    },
  });
  void main.notify(1);
  await (async () => void (await main.make()))();
  await collected();
  results["reported"] = showsPlace;
  results["after the report"] = session.getStats().imports;
}
{
  const { main, session } = connect({ collect: false });
  for (let n = 0; n < 3; n++) void main.notify(n);
  await turns();
  await collected();
  results["kept on request"] = session.getStats().imports;
}
process.stdout.write(JSON.stringify(results));
