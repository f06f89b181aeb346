import { type BenchCase, type Fact, type Peer, runSuite } from "@proj/bench";
import { backend } from "@proj/native-io";
import { setFlagsFromString } from "node:v8";
import { type BulkPlan, bulkApart } from "./dcquic-bulk.js";
import { type CallsPlan, callsApart } from "./dcquic-calls.js";
import { incast, loneCalls, memory, urgent } from "./dcquic-facts.js";
import { openCLoop } from "./dcquic-loop.js";
import {
  type Exchange,
  overDcquic,
  overHttp2,
  overQuic,
  overTcp,
  toProcess,
} from "./dcquic-peers.js";
import { warmUp } from "./warm-up.js";

// Whoever carries bytes all the time stays compiled. Here peers take turns, and what the others leave to be collected would
// have V8 forget the code of those who wait: compiling it anew takes longer than a turn.
setFlagsFromString("--no-flush-bytecode");

const QUICK = process.argv.includes("--quick");
const BULK_BYTES = 2 * 1024 * 1024;
const LARGE_BYTES = 64 * 1024 * 1024;
const REQUEST_BYTES = 128;
// What a network with frames of 1500 bytes takes; the loopback interface is found to take 8900.
const ETHERNET_BYTES = 1400;
// Processor time: what carries bulk bytes is compiled over five seconds of it, whatever is measured first would pay for.
const WARM_UP_MS = QUICK ? 100 : 6000;
const isNative = backend.kind === "native";
const OUTSTANDING = 10_000;
const CALLS_PER_SECOND = 150_000;
// What waits is copied less often in a larger young generation; docs/guide/dcquic-tuning.md.
const LARGE_YOUNG = ["--max-semi-space-size=128"];

const bulk = new Uint8Array(BULK_BYTES).fill(7);
const large = new Uint8Array(LARGE_BYTES).fill(7);
const request = new Uint8Array(REQUEST_BYTES).fill(7);

function carrying(name: string, open: () => Promise<Exchange>, payload = bulk): Peer {
  return {
    name,
    open: async () => {
      const exchange = await open();
      await warmUp(() => exchange.carry(payload), WARM_UP_MS);
      const { cpu } = exchange;
      return {
        run: () => exchange.carry(payload),
        close: () => exchange.close(),
        ...(cpu === undefined ? {} : { cpu }),
      };
    },
  };
}

function asking(name: string, open: () => Promise<Exchange>): Peer {
  return {
    name,
    open: async () => {
      const exchange = await open();
      return { run: () => exchange.ask(request), close: () => exchange.close() };
    },
  };
}

/** Many calls at a time over native sockets: with Node as it is, and as it should be started for them. */
async function many(seconds: number): Promise<Fact[]> {
  const facts: Fact[] = [];
  const plan: Omit<CallsPlan, "ends"> = {
    driver: "native",
    outstanding: OUTSTANDING,
    seconds,
    target: CALLS_PER_SECOND,
  };
  for (const ends of ["one thread", "two processes"] as const)
    for (const nodeFlags of [[], LARGE_YOUNG])
      facts.push(...(await callsApart({ ...plan, ends, nodeFlags })));
  return facts;
}

/** Bulk bytes by other means than the best there are, and in the datagrams of most networks. */
async function otherwise(seconds: number): Promise<Fact[]> {
  const by = { warmUpMs: WARM_UP_MS, seconds, payloadBytes: BULK_BYTES };
  const openssl = { ...by, driver: "native", env: { NATIVE_IO_MULTI_BUFFER: "off" } } as const;
  const portable = { ...by, driver: "dgram", env: { NATIVE_IO: "portable" } } as const;
  const small = { datagramBytes: ETHERNET_BYTES, protection: "packet" } as const;
  const native: BulkPlan[] = [
    { ...openssl, protection: "packet", ofC: 0.1 },
    { ...openssl, protection: "record" },
    { ...openssl, ...small },
    { ...by, ...small, driver: "native" },
    { ...by, ...small, driver: "dgram" },
  ];
  const everywhere: BulkPlan[] = [
    { ...portable, protection: "record", megabytesPerSecond: 140 },
    { ...portable, ...small },
  ];
  const facts: Fact[] = [];
  for (const plan of [...(isNative ? native : []), ...everywhere])
    facts.push(...(await bulkApart(plan)));
  return facts;
}

async function lone(seconds: number): Promise<Fact[]> {
  const facts: Fact[] = [];
  for (const driver of ["native", "spinning"] as const) {
    for (const ends of ["one thread", "two processes"] as const)
      facts.push(...(await loneCalls(driver, ends, seconds)));
  }
  return facts;
}

const others = [
  carrying("TCP (node:net), in the clear", overTcp),
  carrying("HTTP/2 (node:http2), in the clear", overHttp2),
  carrying("QUIC (quiche), encrypted", overQuic),
];
const answering = [
  asking("TCP (node:net), in the clear", overTcp),
  asking("HTTP/2 (node:http2), in the clear", overHttp2),
  asking("QUIC (quiche), encrypted", overQuic),
];
// A full collection before each turn takes calls back to where they are compiled anew.
const oneByOne = { pace: { kind: "sequential" }, collect: "young" } as const;
const goodput = { ...oneByOne, compare: "throughput" } as const;

const cases: BenchCase[] = [
  ...(isNative
    ? [
        {
          name: "2 MiB, native, both ends on one thread",
          ...goodput,
          payloadBytes: BULK_BYTES,
          peers: [
            carrying("dcQUIC, native, AES-256-GCM", () => overDcquic("native")),
            {
              name: "C++ loop, payload untouched",
              target: { atLeast: 0.1 },
              open: () => openCLoop(BULK_BYTES),
            },
          ],
        },
        {
          name: "2 MiB, native, beside other transports",
          ...goodput,
          payloadBytes: BULK_BYTES,
          peers: [carrying("dcQUIC, native, AES-256-GCM", () => overDcquic("native")), ...others],
        },
        {
          name: "2 MiB, native, encrypted packet by packet",
          ...goodput,
          payloadBytes: BULK_BYTES,
          peers: [
            carrying("dcQUIC, native, AES-256-GCM", () =>
              overDcquic("native", undefined, "packet"),
            ),
            {
              name: "C++ loop, payload untouched",
              target: { atLeast: 0.1 },
              open: () => openCLoop(BULK_BYTES),
            },
          ],
        },
        {
          name: "64 MiB, native, both ends on one thread",
          ...goodput,
          payloadBytes: LARGE_BYTES,
          peers: [
            carrying("dcQUIC, native, AES-256-GCM", () => overDcquic("native"), large),
            {
              name: "C++ loop, payload untouched",
              target: { atLeast: 0.1 },
              open: () => openCLoop(LARGE_BYTES),
            },
            carrying("TCP (node:net), in the clear", overTcp, large),
          ],
        },
        {
          name: "64 MiB, native, encrypted packet by packet",
          ...goodput,
          payloadBytes: LARGE_BYTES,
          peers: [
            carrying(
              "dcQUIC, native, AES-256-GCM",
              () => overDcquic("native", undefined, "packet"),
              large,
            ),
            {
              name: "C++ loop, payload untouched",
              target: { atLeast: 0.22 },
              open: () => openCLoop(LARGE_BYTES),
            },
          ],
        },
        {
          name: "64 MiB, native, packet by packet, the ends in two processes",
          ...goodput,
          payloadBytes: LARGE_BYTES,
          peers: [
            carrying("dcQUIC, native, AES-256-GCM", () => toProcess("native", "packet"), large),
            { name: "C++ loop on one thread", open: () => openCLoop(LARGE_BYTES) },
          ],
        },
        {
          name: "2 MiB, native, datagrams of 1400 bytes",
          ...goodput,
          payloadBytes: BULK_BYTES,
          peers: [
            carrying("dcQUIC, native, AES-256-GCM", () => overDcquic("native", ETHERNET_BYTES)),
            { name: "C++ loop, payload untouched", open: () => openCLoop(BULK_BYTES) },
          ],
        },
        {
          name: "one call of 128 B, native",
          ...oneByOne,
          peers: [asking("dcQUIC, native", () => overDcquic("native")), ...answering],
        },
      ]
    : []),
  {
    name: "2 MiB, node:dgram, both ends on one thread",
    ...goodput,
    payloadBytes: BULK_BYTES,
    peers: [carrying("dcQUIC, node:dgram, AES-256-GCM", () => overDcquic("dgram")), ...others],
  },
  {
    name: "one call of 128 B, node:dgram",
    ...oneByOne,
    peers: [asking("dcQUIC, node:dgram", () => overDcquic("dgram")), ...answering],
  },
];

await runSuite({
  name: "dcquic",
  question: "What do dcQUIC's transfers and calls cost beside TCP, HTTP/2, QUIC and a loop in C++?",
  cases,
  facts: async () => {
    const seconds = QUICK ? 1 : 10;
    return [
      ...(await otherwise(seconds / 2)),
      ...(isNative ? await many(seconds) : []),
      ...(isNative ? await lone(seconds / 4) : []),
      ...(await callsApart({
        driver: "dgram",
        ends: "one thread",
        outstanding: OUTSTANDING,
        seconds,
      })),
      ...incast(QUICK ? 4 : 50),
      ...urgent(),
      ...(await memory(QUICK ? 1000 : 10_000)),
    ];
  },
});
