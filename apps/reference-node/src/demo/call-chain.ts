import { newHttpBatchRpcSession, type RpcPromise } from "@proj/capnweb-rpc";
import type { Clock } from "@proj/wire-types";
import { connectControl } from "../control/control-client.js";
import { ControlError } from "../control/control-error.js";
import type { ControlGate, NodeControl } from "../control/node-control.js";
import type { SessionReport } from "../control/reports.js";
import { startDelayRelay } from "./delay-relay.js";
import { median } from "../median.js";

/** One way to make a chain of dependent calls. */
interface ChainWay {
  /** How often something went there and back. */
  readonly roundTrips: number;
  readonly latencyUs: number;
}

/** The same chain of dependent calls, with and without pipelining. Times are medians of the rounds. */
export interface ChainResult {
  /** The calls, each on or with the result of one before. */
  readonly calls: readonly string[];
  /** What the emulated network adds to one way there and back, in milliseconds. */
  readonly roundTripMs: number;
  readonly rounds: number;
  /** Cap'n Web: all calls leave together. */
  readonly pipelined: ChainWay;
  /** HTTP: a request per call, each with what the answer before told. */
  readonly http: ChainWay;
  /** What the last call answered; both ways the same session. */
  readonly session: Pick<SessionReport, "id" | "agent" | "transport">;
}

/** A node to ask, and what with. */
export interface ChainOptions {
  /** Of its control API. */
  readonly url: string;
  readonly token: string;
  readonly clock: Clock;
}

const ONE_WAY_MS = 10;
const ROUNDS = 5;
const TIMEOUT_MS = 10_000;

const calls = ["authenticate(token)", "peers()[0].agent", "newestSessionOf(agent)", "report()"];

/**
 * Asks a node's control API for the newest session of its first peer, both ways in turn, over a network that
 * takes time.
 *
 * @throws ControlError when the node refuses, or when both ways do not end at one session
 */
export async function measureCallChain(options: ChainOptions): Promise<ChainResult> {
  const { clock, token } = options;
  const url = new URL(options.url);
  const relay = await startDelayRelay(Number(url.port), ONE_WAY_MS);
  url.port = String(relay.port);
  try {
    using connection = await connectControl({ url: url.href, token, timeoutMs: TIMEOUT_MS });
    const ways = {
      pipelined: () => pipelined(connection.gate.authenticate(token)),
      http: () => requestPerCall(url.href, token),
    };
    // Connections are there and warm before anything is counted.
    await ways.pipelined();
    await ways.http();
    const rounds = { pipelined: [] as Round[], http: [] as Round[] };
    for (let i = 0; i < ROUNDS; i++) {
      for (const way of ["pipelined", "http"] as const) {
        const before = relay.roundTrips;
        const startUs = clock.nowUs();
        const report = await ways[way]();
        const latencyUs = clock.nowUs() - startUs;
        rounds[way].push({ latencyUs, roundTrips: relay.roundTrips - before, report });
      }
    }
    return {
      calls,
      roundTripMs: 2 * ONE_WAY_MS,
      rounds: ROUNDS,
      pipelined: summary(rounds.pipelined),
      http: summary(rounds.http),
      session: sameSession([...rounds.pipelined, ...rounds.http]),
    };
  } finally {
    await relay.close();
  }
}

interface Round extends ChainWay {
  readonly report: SessionReport;
}

// Nothing here waits: each call names the results of those before, wherever they are by then.
function pipelined(control: RpcPromise<NodeControl>): PromiseLike<SessionReport> {
  const first = control.peers()[0];
  // A stub has every index; only the compiler doubts it.
  if (first === undefined) throw new ControlError("control.no_such_peer", "nobody is connected");
  return control.newestSessionOf(first.agent).report();
}

async function requestPerCall(url: string, token: string): Promise<SessionReport> {
  const control = (): RpcPromise<NodeControl> =>
    newHttpBatchRpcSession<ControlGate>(url).authenticate(token);
  await control();
  const [peer] = await control().peers();
  const agent = peer?.agent ?? "";
  await control().newestSessionOf(agent);
  return control().newestSessionOf(agent).report();
}

function summary(rounds: readonly Round[]): ChainWay {
  return {
    roundTrips: median(rounds.map(({ roundTrips }) => roundTrips)),
    latencyUs: median(rounds.map(({ latencyUs }) => latencyUs)),
  };
}

function sameSession(rounds: readonly Round[]): ChainResult["session"] {
  const [first] = rounds;
  if (first === undefined || rounds.some(({ report }) => report.id !== first.report.id)) {
    throw new ControlError("control.no_such_session", "both ways did not end at one session");
  }
  const { id, agent, transport } = first.report;
  return { id, agent, transport };
}
