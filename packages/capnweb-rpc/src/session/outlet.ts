import { estimateSize } from "../wire/estimate-size.js";
import { formatMessage } from "../wire/message-text.js";
import { PiecedText } from "../wire/pieced-text.js";
import type { SessionTap } from "./session-hooks.js";
import { TappedOutlet } from "./tapped-outlet.js";
import { type AnyRpcTransport, takesPieces } from "./transport.js";

/** The messages of one session on their way out. */
export interface Outlet {
  /** `note` goes beside the expression, to a peer that agreed to get one. */
  push(expression: unknown, note?: string): void;
  call(id: number, path: readonly unknown[], args: readonly unknown[]): void;
  /** Sends a call as one `stream` message and answers its size. */
  stream(id: number, path: readonly unknown[], args: readonly unknown[]): number;
  pipe(): void;
  pull(id: number): void;
  release(id: number, count: number): void;
  resolve(id: number, expression: unknown): void;
  reject(id: number, expression: unknown): void;
  abort(expression: unknown): void;
}

/** Writes text, which fixed messages are put together from directly. */
class TextOutlet implements Outlet {
  readonly #send: (text: string | PiecedText) => void;

  /** `send` takes one message. */
  constructor(send: (text: string | PiecedText) => void) {
    this.#send = send;
  }

  push(expression: unknown, note?: string): void {
    const beside = note === undefined ? "" : `,${JSON.stringify(note)}`;
    this.#send(formatMessage(expression, '["push",', `${beside}]`));
  }

  call(id: number, path: readonly unknown[], args: readonly unknown[]): void {
    this.#send(formatMessage(args, `["push",["pipeline",${id},${JSON.stringify(path)},`, "]]"));
  }

  stream(id: number, path: readonly unknown[], args: readonly unknown[]): number {
    const before = `["stream",["pipeline",${id},${JSON.stringify(path)},`;
    const text = formatMessage(args, before, "]]");
    this.#send(text);
    return text.length;
  }

  pipe(): void {
    this.#send('["pipe"]');
  }

  pull(id: number): void {
    this.#send(`["pull",${id}]`);
  }

  release(id: number, count: number): void {
    this.#send(`["release",${id},${count}]`);
  }

  resolve(id: number, expression: unknown): void {
    const before = `["resolve",${id},`;
    // Finite numbers, by far the most frequent results, need no serializer.
    const plain = typeof expression === "number" && expression !== 0;
    this.#send(plain ? `${before}${expression}]` : formatMessage(expression, before, "]"));
  }

  reject(id: number, expression: unknown): void {
    this.#send(formatMessage(expression, `["reject",${id},`, "]"));
  }

  abort(expression: unknown): void {
    this.#send(formatMessage(expression, '["abort",', "]"));
  }
}

/** Hands over trees. */
class TreeOutlet implements Outlet {
  readonly #send: (message: unknown[]) => unknown;

  /** `send` takes one message. */
  constructor(send: (message: unknown[]) => unknown) {
    this.#send = send;
  }

  push(expression: unknown, note?: string): void {
    this.#send(note === undefined ? ["push", expression] : ["push", expression, note]);
  }

  call(id: number, path: readonly unknown[], args: readonly unknown[]): void {
    this.#send(["push", ["pipeline", id, path, args]]);
  }

  stream(id: number, path: readonly unknown[], args: readonly unknown[]): number {
    const message = ["stream", ["pipeline", id, path, args]];
    const size = this.#send(message);
    return typeof size === "number" ? size : estimateSize(message);
  }

  pipe(): void {
    this.#send(["pipe"]);
  }

  pull(id: number): void {
    this.#send(["pull", id]);
  }

  release(id: number, count: number): void {
    this.#send(["release", id, count]);
  }

  resolve(id: number, expression: unknown): void {
    this.#send(["resolve", id, expression]);
  }

  reject(id: number, expression: unknown): void {
    this.#send(["reject", id, expression]);
  }

  abort(expression: unknown): void {
    this.#send(["abort", expression]);
  }
}

/**
 * Makes the outlet that fits `transport`; `failed` hears of a message that could not be sent, `tap`
 * of every message.
 */
export function outletFor(
  transport: AnyRpcTransport,
  failed: (reason: unknown) => void,
  tap?: SessionTap,
): Outlet {
  const pieced = takesPieces(transport);
  const send = (message: unknown): unknown => {
    let answer: unknown;
    try {
      const carried = message instanceof PiecedText && !pieced ? message.toString() : message;
      answer = (transport.send as (message: unknown) => unknown).call(transport, carried);
    } catch (error) {
      // Whoever is sending finishes first. spec/capnweb.md §2.6
      queueMicrotask(() => failed(error));
      return undefined;
    }
    if (typeof answer !== "object" || answer === null || !("then" in answer)) return answer;
    Promise.resolve(answer).catch(failed);
    return undefined;
  };
  const { encodingLevel = "string" } = transport;
  if (tap === undefined) {
    return encodingLevel === "string" ? new TextOutlet(send) : new TreeOutlet(send);
  }
  const counted = (message: unknown): unknown => {
    tap.carried("out", message instanceof PiecedText ? message.toString() : message);
    return send(message);
  };
  const outlet = encodingLevel === "string" ? new TextOutlet(counted) : new TreeOutlet(counted);
  return new TappedOutlet(outlet, tap);
}
