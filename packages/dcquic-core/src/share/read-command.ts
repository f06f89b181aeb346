import type { ShareCommand } from "./share-messages.js";

type Check = (value: unknown) => boolean;
type Fields = Readonly<Record<string, Check>>;

const MAX_TEXT = 4096;
const MAX_LIST = 65_536;
const U32 = 0xffff_ffff;
const PATTERNS: ReadonlySet<unknown> = new Set([
  "unary",
  "streamingResponse",
  "streamingRequest",
  "bidirectional",
  "rawBulk",
]);

const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isWord: Check = (value) => isCount(value) && (value as number) <= U32;
const isFlag: Check = (value) => typeof value === "boolean";
const isBytes: Check = (value) => value instanceof Uint8Array;
const isText: Check = (value) => typeof value === "string" && value.length <= MAX_TEXT;
const isPriority: Check = (value) => isCount(value) && (value as number) <= 7;
const isPattern: Check = (value) => PATTERNS.has(value);
const isWait: Check = (value) => value === "request" || value === "response";
// A limit may be Infinity: then there is none.
const isLimit: Check = (value) => typeof value === "number" && value >= 0;

const has =
  (fields: Fields): Check =>
  (value) =>
    typeof value === "object" &&
    value !== null &&
    Object.entries(fields).every(([name, check]) =>
      check((value as Record<string, unknown>)[name]),
    );
const maybe =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.length <= MAX_LIST && value.every(check);

const isId = has({ hi: isWord, lo: isWord });
const isQueue = has({ messages: isLimit, bytes: isLimit });
const ofStream: Fields = { stream: isWord };
const asked: Fields = { request: isCount };
const ofBuffer: Fields = { buffer: isWord };

const FIELDS: Readonly<Record<ShareCommand["kind"], Check>> = {
  attach: has({ version: isCount }),
  detach: has({}),
  route: has({
    ...asked,
    peer: isText,
    dependencies: maybe(listOf(has({ worker: isCount, cascades: isFlag }))),
  }),
  watch: has({ ...asked, worker: isCount, token: isId, wait: isWait }),
  measure: has(asked),
  open: has({
    ...ofStream,
    peer: isText,
    worker: isCount,
    pattern: isPattern,
    priority: isPriority,
    ordered: isFlag,
    queue: maybe(isQueue),
  }),
  send: has({
    ...ofStream,
    payload: (value) => isBytes(value) || isWord(value),
    isLast: isFlag,
    isHeaders: isFlag,
    meta: maybe(isBytes),
    after: maybe(listOf(has({ token: isId, kind: isCount }))),
    track: maybe(isFlag),
  }),
  end: has(ofStream),
  stop: has(ofStream),
  release: has({ ...ofStream, message: isWord }),
  abort: has({ ...ofStream, status: isWord, reason: isText }),
  accept: has({ ...ofStream, isHeld: isFlag, ordered: isFlag, queue: maybe(isQueue) }),
  pull: has({ ...ofStream, windowBytes: maybe(isLimit) }),
  placed: has({ ...ofStream, bytes: isCount }),
  allocate: has({ ...ofBuffer, bytes: isCount, priority: isPriority }),
  fill: has({
    ...ofBuffer,
    sealing: has({
      protection: isCount,
      recordLog2: isCount,
      totalBytes: isCount,
      binding: isBytes,
      dataKey: maybe(isBytes),
      messageNumber: isCount,
    }),
  }),
  drop: has(ofBuffer),
  serve: has({ isOn: isFlag }),
  subscribe: has({ isOn: isFlag }),
  heard: has({ events: isCount }),
};

/** Reads a command that came from another thread; `undefined` where it is none. */
export function readCommand(value: unknown): ShareCommand | undefined {
  if (typeof value !== "object" || value === null || !("kind" in value)) return undefined;
  const { kind } = value;
  if (typeof kind !== "string" || !Object.hasOwn(FIELDS, kind)) return undefined;
  return FIELDS[kind as ShareCommand["kind"]](value) ? (value as ShareCommand) : undefined;
}
