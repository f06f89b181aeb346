import { DEFAULT_BATCH_LIMITS, type HttpBatchServerOptions } from "./batch-limits.js";
import { chunksOf, readBody } from "./read-body.js";
import { type BatchAnswer, refusedBatch, serveBatch } from "./serve-batch.js";

const ONLY_POST = "This endpoint only accepts POST requests.";

/** Answers a batch in the shape of `fetch`. Its headers can be changed. spec/capnweb.md §2.3 */
export async function newHttpBatchRpcResponse(
  request: Request,
  localMain: unknown,
  options: HttpBatchServerOptions = {},
): Promise<Response> {
  if (request.method !== "POST") return new Response(ONLY_POST, { status: 405 });
  const { status, body } = await answerTo(
    chunksOf(request.body),
    localMain,
    options,
    request.signal,
  );
  return new Response(body, { status });
}

/** What is asked of Node's `IncomingMessage`. */
export interface NodeBatchRequest extends AsyncIterable<Uint8Array | string> {
  readonly method?: string | undefined;
}

/** What is asked of Node's `ServerResponse`. */
export interface NodeBatchResponse {
  writeHead(status: number, headers?: NodeHeaders): unknown;
  writeHead(status: number, statusMessage: string): unknown;
  end(body?: string): unknown;
  once?(event: "close", listener: () => void): unknown;
}

type NodeHeaders = Record<string, number | string | string[] | undefined> | string[];

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
  const gone = new AbortController();
  response.once?.("close", () => gone.abort());
  const { status, body } = await answerTo(request, localMain, options, gone.signal);
  if (gone.signal.aborted) return;
  response.writeHead(status, options.headers);
  response.end(body);
}

async function answerTo(
  chunks: AsyncIterable<Uint8Array | string>,
  localMain: unknown,
  options: HttpBatchServerOptions,
  gone: AbortSignal | undefined,
): Promise<BatchAnswer> {
  const maxBodyBytes = options.batch?.maxBodyBytes ?? DEFAULT_BATCH_LIMITS.maxBodyBytes;
  let body: string | undefined;
  try {
    body = await readBody(chunks, maxBodyBytes);
  } catch {
    return refusedBatch(400, "The body could not be read.");
  }
  return body === undefined
    ? refusedBatch(413, `The body exceeds ${maxBodyBytes} bytes.`)
    : serveBatch(body, localMain, options, gone);
}
