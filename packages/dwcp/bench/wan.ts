// Whole transfers over an emulated path of 200 Mbit/s and 100 ms: hashing, verification, syncing and the start are in the time.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Fact, runSuite } from "@proj/bench";
import { namespaces } from "@proj/peers/find";
import { openWan, type PathShape, type Wan } from "@proj/wan";
import type { EndReport } from "./end-report.js";
import { ask, serve } from "./ends.js";

const RATE = 200e6;
const PATH = { rateBitsPerSecond: RATE, delayMs: 50, loss: 0, queueBytes: 2_500_000 };
const BDP_BYTES = (RATE / 8) * ((2 * PATH.delayMs) / 1000);
const MB = 1e6;
const OUTAGE_MS = 3_000;

interface Run {
  readonly congestion: "cubic" | "bbr";
  readonly streams: number;
  readonly megabytes: number;
  readonly path?: Partial<PathShape>;
  /** Cuts a connection as often. */
  readonly killMs?: number;
  /** Nothing passes for {@link OUTAGE_MS}, from then on. */
  readonly outageAfterMs?: number;
}
const ALLOWED = "net.ipv4.tcp_allowed_congestion_control";

await runSuite({
  name: "wan",
  question: "How much of a long, lossy path does a transfer fill, and what do faults cost?",
  cases: [],
  facts: measure,
});

async function measure(): Promise<readonly Fact[]> {
  const networks = namespaces();
  if ("lack" in networks) throw new Error(`this benchmark needs networks: ${networks.lack}`);
  const clear = await transfer({ congestion: "cubic", streams: 16, megabytes: 400 });
  const lossy = await transfer(
    withLoss(0.001, { congestion: "cubic", streams: 32, megabytes: 200 }),
  );
  const single = await plainStream(0.001, 12);
  const bbr = await transfer(withLoss(0.001, { congestion: "bbr", streams: 16, megabytes: 200 }));
  const bad = await transfer(withLoss(0.01, { congestion: "bbr", streams: 16, megabytes: 200 }));
  const steady = { congestion: "bbr", streams: 32, megabytes: 200 } as const;
  const whole = await transfer(steady);
  const broken = await transfer({ ...steady, outageAfterMs: 4_000 });
  const killed = await transfer({ ...steady, killMs: 200 });
  return [
    share("no loss, cubic, 16 streams", clear, 0.88),
    {
      name: "no loss: under way in 19 of 20 looks at most, of bandwidth × round trip",
      value: clear.inflight.p95 / BDP_BYTES,
      unit: "×",
      target: { atMost: 2.5 },
    },
    {
      name: "no loss: the most that was under way",
      value: clear.inflight.most / BDP_BYTES,
      unit: "×",
    },
    share("0.1 % loss, cubic, 32 streams", lossy, 0.65),
    share("0.1 % loss, cubic, one plain connection", single),
    {
      name: "0.1 % loss, cubic: 32 streams as a multiple of one plain connection",
      value: goodput(lossy) / goodput(single),
      unit: "×",
      target: { atLeast: 8 },
    },
    share("0.1 % loss, bbr, 16 streams", bbr, 0.8),
    share("1 % loss, bbr, 16 streams", bad, 0.7),
    {
      name: "what an outage of 3 s costs",
      value: broken.seconds - whole.seconds,
      unit: "s",
      target: { atMost: 5 },
    },
    {
      name: "one of 32 streams cut every 200 ms: bytes that went twice",
      value: (100 * (killed.wireBytes - whole.wireBytes)) / whole.wireBytes,
      unit: "%",
      target: { atMost: 3 },
    },
  ];
}

function withLoss(loss: number, run: Run): Run {
  return { ...run, path: { loss } };
}

/** Bits of the object per second. */
function goodput({ rawBytes, seconds }: EndReport): number {
  return (rawBytes * 8) / seconds;
}

function share(name: string, report: EndReport, atLeast?: number): Fact {
  const fact = { name, value: (100 * goodput(report)) / RATE, unit: "% of the link" };
  return atLeast === undefined ? fact : { ...fact, target: { atLeast: 100 * atLeast } };
}

async function transfer(run: Run): Promise<EndReport> {
  const { congestion, streams, megabytes, killMs = 0, outageAfterMs } = run;
  const folder = mkdtempSync(join(tmpdir(), "dwcp-wan-"));
  const wan = await openPath(congestion, run.path);
  try {
    await serve(wan.b, ["receive", folder]);
    const outage = outageAfterMs === undefined ? undefined : interrupt(wan, outageAfterMs);
    const report = await ask(wan.a, ["send", wan.b.address, megabytes * MB, streams, killMs]);
    await outage;
    return report;
  } finally {
    await wan.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function plainStream(loss: number, megabytes: number): Promise<EndReport> {
  const wan = await openPath("cubic", { loss });
  try {
    await serve(wan.b, ["sink"]);
    return await ask(wan.a, ["stream", wan.b.address, megabytes * MB]);
  } finally {
    await wan.close();
  }
}

/** Networks of their own may use only what the machine allows everybody, which is not all that it has. */
function checkAllowed(congestion: string): void {
  const allowed = readFileSync(`/proc/sys/${ALLOWED.replaceAll(".", "/")}`, "utf8").trim();
  if (allowed.split(" ").includes(congestion)) return;
  throw new Error(
    `${congestion} is not allowed in networks of their own: sysctl -w ${ALLOWED}="${allowed} ${congestion}"`,
  );
}

async function openPath(congestion: string, path: Partial<PathShape> = {}): Promise<Wan> {
  checkAllowed(congestion);
  const wan = await openWan(1);
  for (const site of [wan.a, wan.b]) {
    site.run("sysctl", ["-qw", `net.ipv4.tcp_congestion_control=${congestion}`]);
  }
  wan.shape({ ...PATH, ...path });
  return wan;
}

async function interrupt(wan: Wan, afterMs: number): Promise<void> {
  await sleep(afterMs);
  wan.shape({ up: false });
  await sleep(OUTAGE_MS);
  wan.shape({ up: true });
}
