import { utf8Length } from "@proj/wire-types";
import { asksForExtensions, EXTENSIONS_HEADER } from "../extensions/protocol-names.js";
import { hostBuffers } from "../wire/host-buffer.js";
import { DEFAULT_BATCH_LIMITS, type HttpBatchServerOptions } from "./batch-limits.js";
import { chunksOf, type EmittingBody, readBody, readEmittedBody } from "./read-body.js";
import { type Abandonment, type BatchAnswer, refusedBatch, serveBatch } from "./serve-batch.js";

const ONLY_POST = "This endpoint only accepts POST requests.";

/** Answers a batch in the shape of `fetch`. Its headers can be changed. spec/capnweb.md §2.3 */
export async function newHttpBatchRpcResponse(
  request: Request,
  localMain: unknown,
  options: HttpBatchServerOptions = {},
): Promise<Response> {
  if (request.method !== "POST") return new Response(ONLY_POST, { status: 405 });
  const { headers, signal } = request;
  const { status, body } = await answerTo(
    (maxBytes) => readBody(chunksOf(request.body), maxBytes),
    localMain,
    agreedOptions(options, headers.get(EXTENSIONS_HEADER)),
    (gone) => (signal.aborted ? gone() : signal.addEventListener("abort", gone)),
  );
  return new Response(body, { status });
}

/** What is asked of Node's `IncomingMessage`. */
export interface NodeBatchRequest extends EmittingBody {
  /** The method; only POST is served. */
  readonly method?: string | undefined;
  /** The headers, by their names in lower case. */
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>> | undefined;
}

/** What is asked of Node's `ServerResponse`. */
export interface NodeBatchResponse {
  /** Whether the connection is gone. */
  readonly destroyed?: boolean;
  /** Sends status and headers. */
  writeHead(status: number, headers?: NodeHeaders): unknown;
  /** Sends status and its text. */
  writeHead(status: number, statusMessage: string): unknown;
  /** Sends the body and ends the answer. */
  end(body?: string): unknown;
  /** Hears that the connection is gone. */
  once(event: "close", listener: () => void): unknown;
}

/** Headers in the forms that Node takes. */
export type NodeHeaders = Record<string, number | string | string[] | undefined> | string[];

/** What may be chosen for a batch that Node's HTTP server takes. */
export interface NodeHttpBatchOptions extends HttpBatchServerOptions {
  /** Headers of the answer. */
  readonly headers?: NodeHeaders | undefined;
}

/** Answers a batch on a Node HTTP server. spec/capnweb.md §2.3 */
export async function nodeHttpBatchRpcResponse(
  request: NodeBatchRequest,
  response: NodeBatchResponse,
  localMain: unknown,
  options: NodeHttpBatchOptions = {},
): Promise<void> {
  if (request.method !== "POST") {
    response.writeHead(405, ONLY_POST);
    response.end();
    return;
  }
  const { status, body } = await answerTo(
    (maxBytes) => readEmittedBody(request, maxBytes),
    localMain,
    agreedOptions(options, request.headers?.[EXTENSIONS_HEADER]),
    (gone) => response.once("close", gone),
  );
  if (response.destroyed === true) return;
  const length = hostBuffers?.byteLength(body) ?? utf8Length(body);
  response.writeHead(status, options.headers ?? { "content-length": length });
  // Text leaves together with the head, bytes would after it.
  response.end(body);
}

/** Lets more values cross where both ends want it. spec/capnweb.md §20.7 */
function agreedOptions(
  options: HttpBatchServerOptions,
  header: string | readonly string[] | null | undefined,
): HttpBatchServerOptions {
  return options.extensions === true && asksForExtensions(header)
    ? { ...options, extraValues: true }
    : options;
}

async function answerTo(
  read: (maxBytes: number) => Promise<string | undefined>,
  localMain: unknown,
  options: HttpBatchServerOptions,
  abandonment: Abandonment,
): Promise<BatchAnswer> {
  const maxBodyBytes = options.batch?.maxBodyBytes ?? DEFAULT_BATCH_LIMITS.maxBodyBytes;
  let body: string | undefined;
  try {
    body = await read(maxBodyBytes);
  } catch {
    return refusedBatch(400, "The body could not be read.");
  }
  return body === undefined
    ? refusedBatch(413, `The body exceeds ${maxBodyBytes} bytes.`)
    : serveBatch(body, localMain, options, abandonment);
}
