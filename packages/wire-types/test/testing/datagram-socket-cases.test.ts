import { describe, test } from "@jest/globals";
import type { Address, DatagramSocket, DatagramSocketHandlers } from "@proj/wire-types";
import { datagramSocketCases } from "@proj/wire-types/testing";

class Net {
  readonly sockets = new Map<string, NetSocket>();
  sent = 0;
}

class NetSocket implements DatagramSocket {
  readonly local: Address;
  readonly #net: Net;
  readonly #name: string;
  #handlers: DatagramSocketHandlers | undefined;

  constructor(net: Net, name: string) {
    this.#net = net;
    this.#name = name;
    this.local = { kind: "memory", name };
    net.sockets.set(name, this);
  }

  open(handlers: DatagramSocketHandlers): void {
    if (this.#handlers !== undefined) throw new TypeError("the socket is open already");
    this.#handlers = handlers;
  }

  // Every second datagram gets lost.
  send(bytes: Uint8Array, to: Address): boolean {
    if (!this.#net.sockets.has(this.#name) || to.kind !== "memory") return false;
    if (this.#net.sent++ % 2 === 0) return true;
    const copy = bytes.slice();
    queueMicrotask(() => this.#net.sockets.get(to.name)?.deliver(copy, this.local));
    return true;
  }

  deliver(bytes: Uint8Array, from: Address): void {
    this.#handlers?.datagram(bytes, from);
  }

  close(): void {
    if (this.#net.sockets.delete(this.#name)) this.#handlers?.close(undefined);
  }
}

describe("an in-process socket is a DatagramSocket that", () => {
  const cases = datagramSocketCases(async () => {
    const net = new Net();
    const [a, b] = [new NetSocket(net, "a"), new NetSocket(net, "b")];
    return { a, b, dispose: () => undefined };
  });
  test.each(cases)("$name", ({ run }) => run());
});
