import { mkdtempSync, rmSync } from "node:fs";
import { connectAeron, startEmbeddedDriver } from "@proj/aeron/node";
import { type BenchCase, type Fact, runSuite } from "@proj/bench";
import { backend } from "@proj/native-io";
import { costs } from "./costs.js";
import { copyIn } from "./copy-in.js";
import { tensorPool } from "./round-trip.js";
import { signalling } from "./signal.js";
import { type ConsumerResult, type Place, runStream, type Waiting } from "./streams.js";
import { file, postMessageWay, sharedArrayBuffer, unixSocket } from "./ways.js";

if (backend.kind !== "native") throw new Error(`this measures shared memory: ${backend.reason}`);

const KiB = 1_024;
const SIZES = [0, 4 * KiB, 640 * KiB, 1_024 * KiB];
const quick = process.argv.includes("--quick");
const durationMs = quick ? 400 : 2_000;
const baseDir = mkdtempSync("/dev/shm/tensor-pool-bench-");
const aeronDir = `${baseDir}/aeron`;
const driver = await startEmbeddedDriver({ aeronDir });
const { client, close } = await connectAeron({ aeronDir });
const place: Place = { client, aeronDir, baseDir };

try {
  await runSuite({
    name: "tensor-pool",
    question: "How fast do tensors go from one process to another, beside what Node has?",
    cases: [
      ...SIZES.map((bytes): BenchCase => ({
        name: `${size(bytes)} there, nothing back`,
        pace: { kind: "sequential" },
        payloadBytes: bytes,
        peers: [
          { name: "tensor-pool, polled per turn", open: () => tensorPool(place, bytes) },
          { name: "Unix socket", open: () => unixSocket(baseDir, bytes) },
          { name: "file in shared memory, told by socket", open: () => file(baseDir, bytes) },
          { name: "postMessage to a thread", open: () => postMessageWay(bytes) },
          { name: "SharedArrayBuffer of a thread", open: () => sharedArrayBuffer(bytes) },
        ],
      })),
      copyIn(place),
    ],
    async facts() {
      if (process.argv.some((option) => option.startsWith("--case"))) return [];
      return [
        ...(await latencies()),
        ...(await rates()),
        // Last: these let the event loop wait so long that the driver takes the client for dead.
        ...(await signalling(baseDir, quick ? 50_000 : 500_000)),
        ...(await costs(quick ? 2_000 : 20_000)),
      ];
    },
  });
} finally {
  close();
  await driver.stop();
  rmSync(baseDir, { recursive: true, force: true });
}

async function latencies(): Promise<Fact[]> {
  const facts: Fact[] = [];
  for (const waiting of ["busy", "turn", "blocking"] as const) {
    for (const bytes of SIZES) {
      const { consumers } = await runStream(place, {
        bytes,
        nslots: 8,
        consumers: 1,
        waiting,
        durationMs,
        pauseUs: 50,
        filling: "copy",
      });
      facts.push(...latency(bytes, waiting, consumers[0]));
    }
  }
  return facts;
}

function latency(bytes: number, waiting: Waiting, seen: ConsumerResult | undefined): Fact[] {
  const name = `${size(bytes)} copied in and accepted, one way, ${waiting}`;
  const target = bytes === 0 && waiting === "busy" ? { target: { atMost: 1 } } : {};
  return [
    { name: `${name}, p50`, value: (seen?.p50Ns ?? Number.NaN) / 1_000, unit: "µs", ...target },
    { name: `${name}, p99`, value: (seen?.p99Ns ?? Number.NaN) / 1_000, unit: "µs" },
  ];
}

async function rates(): Promise<Fact[]> {
  const facts: Fact[] = [];
  for (const bytes of [4 * KiB, 640 * KiB]) {
    for (const consumers of [1, 2, 4]) {
      const result = await runStream(place, {
        bytes,
        nslots: 8,
        consumers,
        waiting: "busy",
        durationMs,
        pauseUs: 0,
        filling: "copy",
      });
      const name = `${size(bytes)} at full speed to ${consumers}`;
      const seen = result.consumers.map(({ framesPerSecond }) => framesPerSecond);
      const target = bytes > 4 * KiB && consumers === 1 ? { target: { atLeast: 20_000 } } : {};
      facts.push(
        {
          name: `${name}: produced`,
          value: result.producedPerSecond,
          unit: "frames/s",
          ...target,
        },
        {
          name: `${name}: consumed by the slowest`,
          value: Math.min(...seen),
          unit: "frames/s",
          ...target,
        },
        { name: `${name}: written`, value: (result.producedPerSecond * bytes) / 1e9, unit: "GB/s" },
      );
    }
  }
  return facts;
}

function size(bytes: number): string {
  return bytes < KiB ? `${bytes} B` : `${bytes / KiB} KiB`;
}
