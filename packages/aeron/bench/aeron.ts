import { rmSync } from "node:fs";
import { type Fact, runSuite, spawnServer } from "@proj/bench";
import { connectAeron, startEmbeddedDriver } from "@proj/aeron/node";
import { JavaLoad } from "./java-load.js";
import { type LoadInput, ping, readRate } from "./load.js";

const BYTES = 32;
const quick = process.argv.includes("--quick");
const pings = quick ? 20_000 : 200_000;
const durationMs = quick ? 500 : 2_000;
let nextStream = 1_000;

/** What clients of one language measured on one driver. */
interface Measured {
  readonly rtt: readonly [p50Ns: number, p99Ns: number];
  readonly messagesPerSecond: number;
}

await runSuite({
  name: "aeron",
  question: "How fast are messages between two processes, beside Aeron's Java client and driver?",
  cases: [],
  async facts() {
    const java = new JavaLoad();
    try {
      const embedded = await onEmbedded(java);
      const real = await onJava(java);
      return [
        ...table("ours, Java driver", real.ours),
        ...table("ours, embedded driver", embedded.ours),
        ...table("Java, Java driver", real.java),
        ...table("Java, embedded driver", embedded.java),
        ratio("round trip, ours ÷ Java client, Java driver", real.ours, real.java, 2),
        ratio("round trip, Java clients, embedded ÷ Java driver", embedded.java, real.java, 1.2),
        ratio("round trip, ours, embedded ÷ Java driver", embedded.ours, real.ours, 1.2),
      ];
    } finally {
      java.close();
    }
  },
});

async function onEmbedded(java: JavaLoad): Promise<{ ours: Measured; java: Measured }> {
  const aeronDir = `/dev/shm/aeron-bench-${process.pid}`;
  const driver = await startEmbeddedDriver({ aeronDir });
  try {
    return { ours: await measureOurs(aeronDir), java: await measureJava(java, aeronDir) };
  } finally {
    await driver.stop();
  }
}

async function onJava(java: JavaLoad): Promise<{ ours: Measured; java: Measured }> {
  const aeronDir = `/dev/shm/aeron-bench-java-${process.pid}`;
  const driver = await java.start("driver", aeronDir);
  try {
    return { ours: await measureOurs(aeronDir), java: await measureJava(java, aeronDir) };
  } finally {
    await driver.finish();
    rmSync(aeronDir, { recursive: true, force: true });
  }
}

async function measureOurs(aeronDir: string): Promise<Measured> {
  const { client, close } = await connectAeron({ aeronDir });
  const other = (part: LoadInput["part"], stream: number): ReturnType<typeof spawnServer> =>
    spawnServer(new URL("./load-process.js", import.meta.url), {
      part,
      aeronDir,
      stream,
      bytes: BYTES,
    } satisfies LoadInput);
  try {
    const stream = (nextStream += 2);
    const pong = await other("pong", stream);
    const rtt = await ping(client, stream, BYTES, pings);
    await pong.close();
    const writer = await other("write", (nextStream += 2));
    const messagesPerSecond = await readRate(client, nextStream, durationMs);
    await writer.close();
    return { rtt, messagesPerSecond };
  } finally {
    close();
  }
}

async function measureJava(java: JavaLoad, aeronDir: string): Promise<Measured> {
  const stream = (nextStream += 2);
  const pong = await java.start("pong", aeronDir, stream);
  const rtt = await (await java.start("ping", aeronDir, stream, BYTES, pings)).measured();
  await pong.stop();
  const rateStream = (nextStream += 2);
  const writer = await java.start("write", aeronDir, rateStream, BYTES);
  const reader = await java.start("read", aeronDir, rateStream, durationMs);
  const [messagesPerSecond] = await reader.measured();
  await Promise.all([writer.stop(), reader.stop()]);
  return { rtt, messagesPerSecond };
}

function table(who: string, { rtt, messagesPerSecond }: Measured): Fact[] {
  const rate = messagesPerSecond / 1e6;
  return [
    { name: `${who}: round trip of ${BYTES} B, p50`, value: rtt[0], unit: "ns" },
    { name: `${who}: round trip of ${BYTES} B, p99`, value: rtt[1], unit: "ns" },
    {
      name: `${who}: messages of ${BYTES} B`,
      value: rate,
      unit: "million/s",
      ...(who.startsWith("ours") ? { target: { atLeast: 3 } } : {}),
    },
  ];
}

function ratio(name: string, ours: Measured, theirs: Measured, atMost: number): Fact {
  return { name, value: ours.rtt[0] / theirs.rtt[0], unit: "×", target: { atMost } };
}
