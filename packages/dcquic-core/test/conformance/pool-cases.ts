import { expect, test } from "@jest/globals";
import {
  type CallOptions,
  type Incoming,
  memoryTarget,
  type Message,
  type TransportPool,
} from "@proj/dcquic-core";
import { equalBytes, SeededRandom } from "@proj/wire-types";

/** Two pools that reach each other, and what drives them. */
export interface PoolPair {
  /** Calls. */
  readonly caller: TransportPool;
  /** Answers. */
  readonly answerer: TransportPool;
  /** Waits for `done`, driving time where it does not pass by itself. */
  run<T>(done: Promise<T>): Promise<T>;
  /** Releases everything; nothing may be left afterwards. */
  dispose(): Promise<void>;
}

const INLINE = 1024;
const RECORD = 65_536;
const SIZES = [0, 1, INLINE - 1, INLINE, INLINE + 1, RECORD - 1, RECORD, RECORD + 1] as const;
const TEN_MEBIBYTES = 10 * 1024 * 1024;
const TIMEOUT_MS = 120_000;
const HEADERS: readonly (Uint8Array | undefined)[] = [
  undefined,
  Uint8Array.of(1, 2, 3),
  new Uint8Array(5000).fill(9),
];

const contents = new Map<number, Uint8Array>();

function content(size: number): Uint8Array {
  const known = contents.get(size);
  if (known !== undefined) return known;
  const made = new SeededRandom(size + 1).fill(new Uint8Array(size));
  contents.set(size, made);
  return made;
}

// More than one tells nothing new about the largest.
function countOf(size: number): number {
  return size >= TEN_MEBIBYTES ? 1 : 3;
}

async function gather(messages: AsyncIterable<Message>): Promise<Uint8Array[]> {
  const all: Uint8Array[] = [];
  for await (const message of messages) all.push(message.copy());
  return all;
}

/** Answers every pattern with what it was sent, headers included. */
async function echo(incoming: Incoming): Promise<void> {
  const headers = await incoming.headers;
  if (headers !== undefined) incoming.sendHeaders(headers.slice());
  if (incoming.pattern === "rawBulk") {
    const memory = new Uint8Array(incoming.size);
    await incoming.place(memoryTarget(memory));
    const expected = content(memory.length);
    expect(equalBytes(memory, expected)).toBe(true);
  } else if (incoming.pattern === "unary") {
    await incoming.reply((await incoming.request()).copy());
  } else if (incoming.pattern === "streamingResponse") {
    const { bytes } = await incoming.request();
    for (let i = 0; i < countOf(bytes.length); i++) await incoming.write(bytes.slice());
    incoming.end();
  } else if (incoming.pattern === "streamingRequest") {
    const all = await gather(incoming);
    const last = all.at(-1) ?? new Uint8Array(0);
    // Every message counts, not only the one that is sent back.
    const isWhole = all.length === countOf(last.length) && all.every((one) => same(one, last));
    if (isWhole) await incoming.reply(last);
    else incoming.reject();
  } else {
    for await (const message of incoming) await incoming.write(message.copy());
    incoming.end();
  }
}

function same(given: Uint8Array | undefined, expected: Uint8Array | undefined): boolean {
  if (given === undefined || expected === undefined) return given === expected;
  return equalBytes(given, expected);
}

/** Calls in one pattern and says what is wrong with the answer. */
async function call(
  { caller, answerer }: PoolPair,
  pattern: string,
  size: number,
  options: CallOptions,
): Promise<string | undefined> {
  const peer = answerer.name;
  const sent = (): Uint8Array => content(size).slice();
  if (pattern === "rawBulk") {
    const bulk = caller.rawBulkTransfer(peer, sent(), options);
    const { bytes } = await bulk.done;
    if (bytes !== size) return `${bytes} bytes placed of ${size}`;
    return same(await bulk.headers, options.headers) ? undefined : "other headers";
  }
  if (pattern === "unary") {
    const unary = caller.unaryRpc(peer, sent(), options);
    if (!same((await unary.response).bytes, content(size))) return "another answer";
    return same(await unary.headers, options.headers) ? undefined : "other headers";
  }
  if (pattern === "streamingResponse") {
    const streaming = caller.streamingResponse(peer, sent(), options);
    const all = await gather(streaming);
    if (all.length !== countOf(size) || !all.every((one) => same(one, content(size))))
      return "other messages";
    return same(await streaming.headers, options.headers) ? undefined : "other headers";
  }
  if (pattern === "streamingRequest") {
    const streaming = caller.streamingRequest(peer, options);
    for (let i = 0; i < countOf(size); i++) await streaming.write(sent());
    streaming.end();
    if (!same((await streaming.response).bytes, content(size))) return "another answer";
    return same(await streaming.headers, options.headers) ? undefined : "other headers";
  }
  const both = caller.bidirectional(peer, options);
  const answers = gather(both);
  for (let i = 0; i < countOf(size); i++) await both.write(sent());
  both.end();
  const all = await answers;
  if (all.length !== countOf(size) || !all.every((one) => same(one, content(size))))
    return "other messages";
  await both.closed;
  return same(await both.headers, options.headers) ? undefined : "other headers";
}

const PATTERNS = ["unary", "streamingResponse", "streamingRequest", "bidirectional", "rawBulk"];

/** Runs patterns × headers × sizes on a driver: every driver passes the same suite. */
export function poolConformance(driver: string, makePair: () => Promise<PoolPair>): void {
  for (const pattern of PATTERNS) {
    test(
      `§4 over ${driver}: ${pattern} with and without headers, in all sizes`,
      async () => {
        const pair = await makePair();
        pair.answerer.serve({ accept: echo });
        try {
          const wrong: string[] = [];
          for (const size of [...SIZES, TEN_MEBIBYTES]) {
            for (const headers of HEADERS) {
              const said = headers === undefined ? {} : { headers };
              const problem = await pair.run(call(pair, pattern, size, said));
              if (problem !== undefined) wrong.push(`${size} bytes: ${problem}`);
            }
          }
          expect(wrong).toEqual([]);
          expect(pair.caller.stats).toMatchObject({ openCalls: 0, failed: 0 });
        } finally {
          await pair.dispose();
        }
      },
      TIMEOUT_MS,
    );
  }

  test(
    `§8.1 over ${driver}: payloads that only packets protect, and that never ride inline`,
    async () => {
      const pair = await makePair();
      pair.answerer.serve({ accept: echo });
      try {
        for (const size of [0, 1, INLINE + 1, RECORD + 1]) {
          for (const said of [{ protection: "packet" }, { inline: "never" }] as const) {
            expect(await pair.run(call(pair, "unary", size, said))).toBeUndefined();
          }
        }
      } finally {
        await pair.dispose();
      }
    },
    TIMEOUT_MS,
  );
}
