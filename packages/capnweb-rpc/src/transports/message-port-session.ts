import { RpcSession, type RpcSessionOptions } from "../session/rpc-session.js";
import { announceDelivery } from "../session/transport.js";
import type { RpcStub } from "../types.js";
import { Inbox } from "./inbox.js";

/** What is asked of a port. */
export interface MessagePortLike {
  /** Listens to messages. */
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
  /** Listens to messages that could not be read. */
  addEventListener(type: "messageerror", listener: () => void): void;
  /** Sends a structured clone of `message`. */
  postMessage(message: unknown): void;
  /** Begins to deliver, where that has to be asked for. */
  start?(): void;
  /** Closes the port. */
  close(): void;
}

/** Carries messages over a port, as structured clones; `null` announces the end. spec/capnweb.md §2.4 */
class MessagePortTransport {
  readonly encodingLevel = "structuredClonable";
  readonly #port: MessagePortLike;
  readonly #inbox = new Inbox<unknown>();

  constructor(port: MessagePortLike) {
    this.#port = port;
    announceDelivery(this, (sink) => this.#inbox.deliverTo(sink));
    port.addEventListener("message", ({ data }) => {
      if (data !== null) this.#inbox.put(data);
      else this.#inbox.fail(new Error("Peer closed MessagePort connection."));
    });
    port.addEventListener("messageerror", () => {
      this.#inbox.fail(new Error("MessagePort message error."));
    });
    port.start?.();
  }

  send(message: unknown): void {
    this.#port.postMessage(message);
  }

  receive(): Promise<unknown> {
    return this.#inbox.receive();
  }

  abort(reason: unknown): void {
    this.#inbox.fail(reason);
    try {
      this.#port.postMessage(null);
    } catch {
      // The port is closed already.
    }
    this.#port.close();
  }
}

/** Starts a session over a MessagePort and answers the peer's main stub. spec/capnweb.md §2.4 */
export function newMessagePortRpcSession<T = unknown>(
  port: MessagePortLike,
  localMain?: unknown,
  options: RpcSessionOptions = {},
): RpcStub<T> {
  return new RpcSession<T>(new MessagePortTransport(port), localMain, options).getRemoteMain();
}
