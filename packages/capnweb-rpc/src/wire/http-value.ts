/** A member of an init object and the value that goes without saying. spec/capnweb.md §5.3 */
type Defaults = readonly (readonly [name: string, usual: unknown])[];

const requestDefaults: Defaults = [
  ["method", "GET"],
  ["cache", "default"],
  ["redirect", "follow"],
  ["integrity", ""],
  ["mode", "cors"],
  ["credentials", "same-origin"],
  ["referrer", "about:client"],
  ["referrerPolicy", ""],
  ["keepalive", false],
  ["cf", undefined],
  ["encodeResponseBody", "automatic"],
];
const responseDefaults: Defaults = [
  ["status", 200],
  ["statusText", ""],
  ["cf", undefined],
  ["encodeBody", "automatic"],
];

/** Writes `["request", url, init]`; `writeBody` turns the body's stream into an expression. */
export function writeRequest(
  request: Request,
  writeBody: (body: ReadableStream) => unknown,
): unknown[] {
  const init = unusual(request, requestDefaults);
  addHeaders(init, request.headers);
  if (request.body !== null && request.body !== undefined) {
    init["body"] = writeBody(request.body);
    const { duplex } = request as { readonly duplex?: string };
    init["duplex"] = duplex ?? "half";
  }
  return ["request", request.url, init];
}

/** Writes `["response", body, init]`. A response that carries a WebSocket is refused. */
export function writeResponse(
  response: Response,
  writeBody: (body: ReadableStream) => unknown,
): unknown[] {
  if ((response as { readonly webSocket?: unknown }).webSocket) {
    throw new TypeError("Can't serialize a Response containing a webSocket.");
  }
  const init = unusual(response, responseDefaults);
  addHeaders(init, response.headers);
  const { body } = response;
  return ["response", body === null ? null : writeBody(body), init];
}

function unusual(source: object, defaults: Defaults): Record<string, unknown> {
  const members = source as Readonly<Record<string, unknown>>;
  const init: Record<string, unknown> = {};
  for (const [name, usual] of defaults) {
    const value = members[name];
    // A host that lacks a member says undefined, which is as usual as it gets.
    if (value !== undefined && value !== usual && value !== "") init[name] = value;
  }
  return init;
}

function addHeaders(init: Record<string, unknown>, headers: Headers): void {
  const pairs = [...headers];
  if (pairs.length > 0) init["headers"] = pairs;
}

/** Builds the request of a received `url` and `init`, whose body has been evaluated. */
export function buildRequest(url: string, init: Readonly<Record<string, unknown>>): Request {
  checkHeaders(init["headers"]);
  const streaming = init["body"] instanceof ReadableStream && init["duplex"] === undefined;
  return new Request(url, streaming ? { ...init, duplex: "half" } : init);
}

/** Builds the response of a received body, already evaluated, and `init`. */
export function buildResponse(body: unknown, init: Readonly<Record<string, unknown>>): Response {
  if (init["webSocket"]) {
    throw new TypeError("Can't deserialize a Response containing a webSocket.");
  }
  checkHeaders(init["headers"]);
  return new Response(body as BodyInit | null, init);
}

/** Tells whether a received body may become one: null, text, bytes or a stream. */
export function isBody(value: unknown): boolean {
  return (
    value === null ||
    value === undefined ||
    typeof value === "string" ||
    value instanceof Uint8Array ||
    value instanceof ReadableStream
  );
}

function checkHeaders(headers: unknown): void {
  if (headers !== undefined && !Array.isArray(headers)) {
    throw new TypeError("Request headers must be serialized as an array of pairs.");
  }
}
