import { EXTENDED_PROTOCOL, EXTENSIONS_HEADER } from "../extensions/protocol-names.js";
import { RpcSession, type RpcSessionOptions } from "../session/rpc-session.js";
import { announceDelivery } from "../session/transport.js";
import type { RpcStub } from "../types.js";
import { batchEnded } from "./batch-ended.js";
import { Inbox } from "./inbox.js";

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
  /** Gives the batch up. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds until the batch is given up. */
  readonly timeoutMs?: number | undefined;
}

const setImmediate = (globalThis as { readonly setImmediate?: (run: () => void) => void })
  .setImmediate;

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
    const run = (): void => {
      this.#run().catch((error: unknown) => this.#inbox.fail(error));
    };
    if (setImmediate === undefined) setTimeout(run, 0);
    else setImmediate(run);
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
    const response = await this.#post(batch.join("\n"));
    if (!response.ok || this.#aborted) {
      await response.body?.cancel();
      throw new Error(`RPC request failed: ${response.status} ${response.statusText}`);
    }
    const body = await response.text();
    for (const line of body.split("\n")) if (line.trim() !== "") this.#inbox.put(line);
    this.#inbox.fail(batchEnded);
  }

  #post(body: string): Promise<Response> {
    const { headers, credentials, extensions, signal, timeoutMs, fetch: send } = this.#options;
    const signals = [
      ...(signal === undefined ? [] : [signal]),
      ...(timeoutMs === undefined ? [] : [AbortSignal.timeout(timeoutMs)]),
    ];
    const init: RequestInit = {
      method: "POST",
      body,
      ...(signals.length === 0 ? {} : { signal: AbortSignal.any(signals) }),
      ...(credentials === undefined ? {} : { credentials }),
    };
    const target = this.#target;
    // Making a request beforehand costs as much as all the rest of a small batch.
    if (send === undefined && headers === undefined && extensions !== true) {
      return fetch(target, init);
    }
    const request = new Request(target, init);
    if (extensions === true) request.headers.set(EXTENSIONS_HEADER, EXTENDED_PROTOCOL);
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
