// Two peers, neither of them a server: each serves an object to the other over one MessagePort, between two threads.
import { newMessagePortRpcSession, RpcTarget } from "@proj/capnweb-rpc";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { isMainThread, MessageChannel, parentPort, Worker } from "node:worker_threads";

/** What a player shows to the other. */
class Player extends RpcTarget {
  #name;
  #secret;
  constructor(name, secret) {
    super();
    this.#name = name;
    this.#secret = secret;
  }
  get name() {
    return this.#name;
  }
  guess(n) {
    return Math.sign(this.#secret - n);
  }
  /** Plays against whoever calls, who is only known by reference. */
  async challenge(opponent) {
    return `${this.#name} found the number of ${await opponent.name} in ${await find(opponent)} guesses`;
  }
}

/** Halves the range until the number is found. */
async function find(player) {
  let [low, high, guesses] = [1, 1000, 0];
  for (;;) {
    const middle = (low + high) >> 1;
    guesses++;
    const answer = await player.guess(middle);
    if (answer === 0) return guesses;
    if (answer > 0) low = middle + 1;
    else high = middle - 1;
  }
}

if (isMainThread) {
  const ada = new Player("Ada", 789);
  const thread = new Worker(fileURLToPath(import.meta.url));
  const { port1, port2 } = new MessageChannel();
  thread.postMessage(port2, [port2]);

  const boole = newMessagePortRpcSession(port1, ada);
  console.log(`Ada found the number of ${await boole.name} in ${await find(boole)} guesses`);
  console.log(await boole.challenge(ada));

  // The other side hears that it is over, and ends.
  boole[Symbol.dispose]();
  await once(thread, "exit");
} else {
  const [port] = await once(parentPort, "message");
  const ada = newMessagePortRpcSession(port, new Player("Boole", 321));
  ada.onRpcBroken(() => parentPort.unref());
}
