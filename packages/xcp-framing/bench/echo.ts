import { type BenchCase, type Peer, runSuite } from "@proj/bench";
import { echoing, echoingForeign } from "./echo-client.js";
import { pythonPeer } from "./peers/python.js";

const sizes = [
  { name: "1 KiB", bytes: 1024 },
  { name: "10 KiB", bytes: 10 * 1024 },
  { name: "100 KiB", bytes: 100 * 1024 },
  { name: "1 MiB", bytes: 1024 * 1024 },
];

// Bounds on ours divided by theirs, p50, by size.
const latency: readonly { readonly peer: string; readonly atMost?: readonly number[] }[] = [
  { peer: "raw net" },
  { peer: "length prefix", atMost: [1.2, 1.35, 1.7, 1.8] },
  { peer: "protobufjs/TCP", atMost: [1, 1, 1, 1] },
  { peer: "ws", atMost: [1.05, 0.8, 0.5, 0.5] },
  { peer: "HTTP/2", atMost: [0.5, 0.6, 0.6, 0.85] },
  { peer: "gRPC", atMost: [0.15, 0.15, 0.25, 0.35] },
];

const fasterThan = new Set(["protobufjs/TCP", "HTTP/2", "HTTP/2, 256 KiB windows"]);
const MIB = 1024 * 1024;
const PYTHON = "Python, v0.2-json";

if ("lack" in pythonPeer) process.stderr.write(`without ${PYTHON}: ${pythonPeer.lack}\n`);

// Where there is no Python, the others are measured without it.
function pythonEcho(bytes: number): Peer[] {
  return "found" in pythonPeer ? [echoingForeign(PYTHON, pythonPeer.found, bytes)] : [];
}

await runSuite({
  name: "echo",
  question: "How long does an echo over loopback TCP take, and how many fit in a second?",
  cases: sizes.flatMap(({ name, bytes }, at): BenchCase[] => [
    {
      name: `${name}, sequential`,
      pace: { kind: "sequential" },
      payloadBytes: bytes,
      peers: [
        echoing("xcp", bytes),
        ...latency.map(({ peer, atMost }) => {
          const bound = atMost?.[at];
          return echoing(peer, bytes, bound === undefined ? undefined : { atMost: bound });
        }),
        ...pythonEcho(bytes),
      ],
    },
    {
      name: `${name}, 16 in flight`,
      pace: { kind: "pipelined", inFlight: 16 },
      payloadBytes: bytes,
      peers: [
        echoing("xcp", bytes),
        ...latency.map(({ peer }) => {
          const called = peer === "HTTP/2" && bytes >= MIB ? "HTTP/2, 256 KiB windows" : peer;
          return echoing(called, bytes, fasterThan.has(called) ? { atLeast: 1 } : undefined);
        }),
        ...pythonEcho(bytes),
      ],
    },
  ]),
});
