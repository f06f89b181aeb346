import { type BenchCase, type Fact, type Operation, runSuite } from "@proj/bench";
import { backend } from "@proj/native-io";
import { type CLoop, loadCLoop } from "./c-loop.js";
import { HEADER_BYTES, PACKET_BYTES, PacketLoop, SEGMENTS } from "./packet-loop.js";

const { udp, crypto } = backend;
if (backend.kind !== "native") throw new Error(`this measures native code: ${backend.reason}`);

const cLoop = loadCLoop();
const BATCH_BYTES = 4 * SEGMENTS * PACKET_BYTES;
const EMPTY_CALLS = 100_000;
const EMPTY_ROUNDS = 200;

// Goals are for payload, and only the loop in C++ carries nothing else.
const HEADERLESS = (PACKET_BYTES - HEADER_BYTES) / PACKET_BYTES;
const BARE = (PACKET_BYTES - HEADER_BYTES - 16) / PACKET_BYTES;

await runSuite({
  name: "native-io",
  question: "How much of the speed of a loop in C++ is left for packets that JavaScript handles?",
  cases: [
    against("headers written and parsed", 0.8 / HEADERLESS, () => PacketLoop.open(udp)),
    against("AES-256-GCM by OpenSSL", 0.1 / BARE, () =>
      PacketLoop.open(udp, { by: crypto, engine: "openssl" }),
    ),
    ...multiBufferCases(),
  ],
  facts: async () => [await emptyCall()],
});

function multiBufferCases(): BenchCase[] {
  const report = crypto.capabilities().find(({ name }) => name === "crypto.multi_buffer");
  if (report?.available !== true) {
    console.error(`without the multi-buffer library: ${report?.reason}`);
    return [];
  }
  return [
    against(`AES-256-GCM by ${report.reason}`, 0.22 / BARE, () =>
      PacketLoop.open(udp, { by: crypto, engine: "fastest" }),
    ),
  ];
}

function against(name: string, atLeast: number, open: () => Promise<PacketLoop>): BenchCase {
  return {
    name,
    pace: { kind: "batch" },
    compare: "throughput",
    payloadBytes: BATCH_BYTES,
    peers: [
      { name: "JavaScript and native-io", open: async () => loopOf(await open()) },
      {
        name: "C++, payload untouched",
        target: { atLeast: Number(atLeast.toFixed(3)) },
        open: () => openCLoop(cLoop),
      },
    ],
  };
}

function loopOf(loop: PacketLoop): Operation {
  return { run: () => loop.run(), close: () => loop.close() };
}

function openCLoop(loop: CLoop): Operation {
  loop.open(PACKET_BYTES, SEGMENTS);
  return {
    run: () => {
      if (loop.run() !== BATCH_BYTES) throw new Error("datagrams were lost");
    },
    close: () => loop.close(),
  };
}

/** The best of many short rounds: what the call costs, not what else the machine does. */
async function emptyCall(): Promise<Fact> {
  const socket = await udp.open({ ports: [{ host: "127.0.0.1", port: 0 }] });
  let best = Infinity;
  for (let round = 0; round < EMPTY_ROUNDS; round++) {
    const begun = performance.now();
    let sent = 0;
    for (let i = 0; i < EMPTY_CALLS; i++) sent += socket.transmit(0);
    if (sent !== 0) throw new Error("an empty batch sent something");
    best = Math.min(best, ((performance.now() - begun) * 1e6) / EMPTY_CALLS);
  }
  socket.close();
  return {
    name: "empty call (transmit of no message)",
    value: best,
    unit: "ns",
    target: { atMost: 20 },
  };
}
