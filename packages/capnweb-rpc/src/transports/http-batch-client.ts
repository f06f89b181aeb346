import { EXTENDED_PROTOCOL, EXTENSIONS_HEADER } from "../extensions/protocol-names.js";
import { RpcSession, type RpcSessionOptions } from "../session/rpc-session.js";
import { announceDelivery } from "../session/transport.js";
import type { RpcStub } from "../types.js";
import { completeLimits } from "../limits.js";
import { MessageReader } from "../web-transport/message-framing.js";
import { afterTurn } from "./after-turn.js";
import { batchEnded } from "./batch-ended.js";
import { STREAMED_TYPE } from "./batch-limits.js";
import { Inbox } from "./inbox.js";
import { chunksOf } from "./read-body.js";
import { watchForEnd } from "./watch-for-end.js";

/** What may be chosen for a batch. */
export interface HttpBatchOptions extends RpcSessionOptions {
  // These two types are named by way of others: `HeadersInit` is unknown to who compiles without the DOM.
  /** Headers beside those of a given request. */
  readonly headers?: ConstructorParameters<typeof Headers>[0] | undefined;
  /** Sends the request; the host's `fetch` where absent. */
  readonly fetch?: ((request: Request) => Promise<Response>) | undefined;
  /** Whether cookies go along. */
  readonly credentials?: Request["credentials"] | undefined;
  /**
   * Lets `Map`, `Set` and `RegExp` come in the answer of a server that has opted in, too: a header asks
   * for them, which in browsers needs a server that allows it. What is sent goes before anything is
   * known of the server, and keeps to the plain protocol. Default `false`. spec/capnweb.md §20.7
   */
  readonly extensions?: boolean | undefined;
  /**
   * Asks for each result as soon as it is there, instead of all of them with the slowest. A server that
   * does not know of that, or has not opted in, answers as always. Default `false`.
   */
  readonly streamAnswer?: boolean | undefined;
  /** Gives the batch up. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds until the batch is given up. */
  readonly timeoutMs?: number | undefined;
}

const lineFeed = Uint8Array.of(0x0a);

/** Collects the messages of one turn and sends them as one request. spec/capnweb.md §2.3 */
class HttpBatchTransport {
  readonly #target: string | Request;
  readonly #options: HttpBatchOptions;
  readonly #inbox = new Inbox<string>();
  #batch: string[] | undefined = [];
  #aborted = false;

  constructor(target: string | Request, options: HttpBatchOptions) {
    this.#target = target;
    this.#options = options;
    announceDelivery(this, (sink) => this.#inbox.deliverTo(sink));
    afterTurn(() => {
      this.#run().catch((error: unknown) => this.#inbox.fail(error));
    });
  }

  send(message: string): void {
    // After the request went out there is no way to the peer: such calls end with the batch.
    this.#batch?.push(message);
  }

  receive(): Promise<string> {
    return this.#inbox.receive();
  }

  abort(reason: unknown): void {
    this.#inbox.fail(reason);
    this.#aborted = true;
  }

  async #run(): Promise<void> {
    const batch = this.#batch ?? [];
    this.#batch = undefined;
    if (this.#aborted) return;
    const { signal, timeoutMs } = this.#options;
    const body = batch.join("\n");
    if (signal === undefined && timeoutMs === undefined) {
      await this.#exchange(body);
      return;
    }
    const controller = new AbortController();
    // The calls end even where `fetch` does not heed its signal.
    const stop = watchForEnd({ signal, timeoutMs }, (reason) => {
      this.abort(reason);
      controller.abort(reason);
    });
    try {
      await this.#exchange(body, controller.signal);
    } finally {
      stop();
    }
  }

  async #exchange(batch: string, signal?: AbortSignal): Promise<void> {
    const response = await this.#post(batch, signal);
    if (!response.ok || this.#aborted) {
      await response.body?.cancel();
      throw new Error(`RPC request failed: ${response.status} ${response.statusText}`);
    }
    const streamed = response.headers.get("content-type")?.startsWith(STREAMED_TYPE) === true;
    if (streamed && response.body !== null) await this.#readOn(response.body);
    else {
      const body = await response.text();
      for (const line of body.split("\n")) if (line.trim() !== "") this.#inbox.put(line);
    }
    this.#inbox.fail(batchEnded);
  }

  /** Takes each line of an answer as soon as it is there. */
  async #readOn(body: ReadableStream<Uint8Array>): Promise<void> {
    // A code unit takes three bytes of UTF-8 at most.
    const lines = new MessageReader(
      "newline",
      3 * completeLimits(this.#options.limits).maxMessageSize,
    );
    for await (const chunk of chunksOf(body)) {
      for (const line of lines.push(chunk)) this.#inbox.put(line);
      if (this.#aborted) return;
    }
    for (const line of lines.push(lineFeed)) this.#inbox.put(line);
  }

  #post(body: string, signal: AbortSignal | undefined): Promise<Response> {
    const { headers, credentials, extensions, streamAnswer, fetch: send } = this.#options;
    const init: RequestInit = {
      method: "POST",
      body,
      ...(signal === undefined ? {} : { signal }),
      ...(credentials === undefined ? {} : { credentials }),
    };
    const target = this.#target;
    // Making a request beforehand costs as much as all the rest of a small batch.
    const plain = headers === undefined && extensions !== true && streamAnswer !== true;
    if (send === undefined && plain) return fetch(target, init);
    const request = new Request(target, init);
    if (extensions === true) request.headers.set(EXTENSIONS_HEADER, EXTENDED_PROTOCOL);
    if (streamAnswer === true) request.headers.set("accept", STREAMED_TYPE);
    for (const [name, value] of new Headers(headers)) request.headers.set(name, value);
    return (send ?? fetch)(request);
  }
}

/**
 * Starts a session of one HTTP request: every call made in this turn of the event loop goes into it,
 * and only what is awaited in this turn is answered. spec/capnweb.md §2.3
 */
export function newHttpBatchRpcSession<T = unknown>(
  target: string | Request,
  options: HttpBatchOptions = {},
): RpcStub<T> {
  const transport = new HttpBatchTransport(target, options);
  const extraValues = options.extraValues ?? (options.extensions === true ? "received" : false);
  return new RpcSession<T>(transport, undefined, { ...options, extraValues }).getRemoteMain();
}
