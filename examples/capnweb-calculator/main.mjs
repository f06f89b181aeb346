// A calculator as an object on a server: calls, calls on results that are not there yet, and errors.
import { newWebSocketRpcSession, RpcTarget } from "@proj/capnweb-rpc";
import { once } from "node:events";
import { WebSocketServer } from "ws";

/** A number that lives on the server, and what can be done with it. */
class Value extends RpcTarget {
  #n;
  constructor(n) {
    super();
    this.#n = n;
  }
  plus(n) {
    return new Value(this.#n + n);
  }
  times(n) {
    return new Value(this.#n * n);
  }
  dividedBy(n) {
    if (n === 0) throw new RangeError("division by zero");
    return new Value(this.#n / n);
  }
  get number() {
    return this.#n;
  }
}

class Calculator extends RpcTarget {
  value(n) {
    return new Value(n);
  }
}

const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
server.on("connection", (socket) => newWebSocketRpcSession(socket, new Calculator()));
await once(server, "listening");

const calculator = newWebSocketRpcSession(`ws://127.0.0.1:${server.address().port}`);

// Five calls leave at once: each names the result of the one before, and only the number comes back.
console.log(await calculator.value(2).plus(3).times(4).dividedBy(10).number);

// Results can be arguments before they are there.
const seven = calculator.value(7);
console.log(await calculator.value(6).times(seven.number).number);

// An error keeps its class, and fails everything that was built on it.
const broken = calculator.value(1).dividedBy(0);
await broken.plus(1).number.catch((error) => console.log(`${error.name}: ${error.message}`));

// Disposing the main object ends the connection.
calculator[Symbol.dispose]();
server.close();
