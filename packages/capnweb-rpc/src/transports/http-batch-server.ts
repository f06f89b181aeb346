import { utf8Length } from "@proj/wire-types";
import { asksForExtensions, EXTENSIONS_HEADER } from "../extensions/protocol-names.js";
import { hostBuffers } from "../wire/host-buffer.js";
import {
  DEFAULT_BATCH_LIMITS,
  type HttpBatchServerOptions,
  STREAMED_TYPE,
} from "./batch-limits.js";
import { chunksOf, type EmittingBody, readBody, readEmittedBody } from "./read-body.js";
import { type BatchAnswer, type BatchExchange, refusedBatch, serveBatch } from "./serve-batch.js";
import { StreamedResponse } from "./streamed-response.js";

const ONLY_POST = "This endpoint only accepts POST requests.";

/** Answers a batch in the shape of `fetch`. Its headers can be changed. spec/capnweb.md §2.3 */
export async function newHttpBatchRpcResponse(
  request: Request,
  localMain: unknown,
  options: HttpBatchServerOptions = {},
): Promise<Response> {
  if (request.method !== "POST") return new Response(ONLY_POST, { status: 405 });
  const { headers, signal } = request;
  return new Promise((resolve, reject) => {
    const streamed = new StreamedResponse(resolve);
    const abandonment = (gone: () => void): void => {
      streamed.whenGone(gone);
      if (signal.aborted) gone();
      else signal.addEventListener("abort", gone);
    };
    answerTo(
      (maxBytes) => readBody(chunksOf(request.body), maxBytes),
      localMain,
      agreedOptions(options, headers.get(EXTENSIONS_HEADER), headers.get("accept")),
      { abandonment, progress: (part) => streamed.push(part) },
    ).then((answer) => {
      const { status, body } = answer;
      if (!streamed.end(answer)) resolve(new Response(body, { status }));
    }, reject);
  });
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
  /** Sends a part of the body. */
  write(part: string): unknown;
  /** Sends the body, or the rest of it, and ends the answer. */
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
  let begun = false;
  const { status, body } = await answerTo(
    (maxBytes) => readEmittedBody(request, maxBytes),
    localMain,
    agreedOptions(options, request.headers?.[EXTENSIONS_HEADER], request.headers?.["accept"]),
    {
      abandonment: (gone) => response.once("close", gone),
      progress: (part) => {
        if (!begun) response.writeHead(200, streamedHeaders(options.headers));
        begun = true;
        response.write(part);
      },
    },
  );
  if (response.destroyed === true) return;
  if (begun) {
    response.end(body);
    return;
  }
  const length = hostBuffers?.byteLength(body) ?? utf8Length(body);
  response.writeHead(status, options.headers ?? { "content-length": length });
  // Text leaves together with the head, bytes would after it.
  response.end(body);
}

type Header = string | readonly string[] | null | undefined;

/** Keeps to what both ends want. spec/capnweb.md §20.7 */
function agreedOptions(
  options: HttpBatchServerOptions,
  extensions: Header,
  accept: Header,
): HttpBatchServerOptions {
  const { extraValues, streamAnswer } = options;
  if (options.extensions !== true && streamAnswer !== true) return options;
  return {
    ...options,
    extraValues: extraValues ?? (options.extensions === true && asksForExtensions(extensions)),
    streamAnswer: streamAnswer === true && [accept ?? ""].flat().join().includes(STREAMED_TYPE),
  };
}

function streamedHeaders(headers: NodeHeaders = {}): NodeHeaders {
  return Array.isArray(headers)
    ? [...headers, "content-type", STREAMED_TYPE]
    : { ...headers, "content-type": STREAMED_TYPE };
}

async function answerTo(
  read: (maxBytes: number) => Promise<string | undefined>,
  localMain: unknown,
  options: HttpBatchServerOptions,
  exchange: BatchExchange,
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
    : serveBatch(body, localMain, options, exchange);
}
