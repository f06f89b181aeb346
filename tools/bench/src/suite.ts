import { describeMachine } from "./machine.js";
import { parseOptions, type RunOptions, USAGE } from "./options.js";
import { formatCase, formatFacts, formatHeader } from "./report.js";
import { type CaseResult, type Metric, type PeerSamples, reduceCase } from "./result.js";
import {
  type Call,
  calibrate,
  type CpuTime,
  type Pace,
  type RoundSample,
  runRound,
} from "./round.js";
import { type Fact, meets, type Target } from "./target.js";
import { type HeldCpus, keepCpusAwake, leaveCpus } from "./wakeful-cpus.js";

export type { Pace } from "./round.js";

/** A peer made ready: its connections are open and its buffers allocated. */
export interface Operation {
  /** Does the thing once; a promise where the pace is not `batch`. */
  run: Call;
  /** CPU time so far of other processes that take part; {@link spawnServer} gives one. */
  cpu?(): Promise<CpuTime>;
  /** Releases what `open` took. */
  close?(): void | Promise<void>;
}

/** One of the things compared. */
export interface Peer {
  /** How the table calls it. */
  readonly name: string;
  /** Makes it ready; called once per case. */
  open(): Operation | Promise<Operation>;
  /** The bound on ours divided by this peer, in the case's metric. */
  readonly target?: Target;
}

/** One comparison: the same work done by several peers. */
export interface BenchCase {
  /** Names the work and its size: `1 KiB, sequential`. */
  readonly name: string;
  /** How calls follow each other. */
  readonly pace: Pace;
  /** What is compared; `p50` unless the pace is pipelined, then `throughput`. */
  readonly compare?: Metric;
  /**
   * What is collected before each turn, so that nobody pays for the garbage of the peer before: all of it, or only the
   * young. A full collection also drops compiled code whose objects it finds dead, and takes calls that keep nothing
   * between them back to where they are compiled anew in every turn. Default `all`.
   */
  readonly collect?: "all" | "young";
  /** Payload of one call, to tell MiB/s. */
  readonly payloadBytes?: number;
  /** Ours first, then those it is compared with. */
  readonly peers: readonly Peer[];
}

/** One question and the cases that answer it. */
export interface Suite {
  /** The name after `npm run bench --`. */
  readonly name: string;
  /** The question, as one sentence. */
  readonly question: string;
  /** The comparisons. */
  readonly cases: readonly BenchCase[];
  /** Measures what has no peer, after the cases. */
  facts?(): Promise<readonly Fact[]>;
}

// As programs have it for a command line that they cannot follow.
const EXIT_USAGE = 2;

/**
 * Runs a suite by the options in `argv` and prints its result. `--help` tells the options; of a wrong one the process says what there
 * is, and ends with 2.
 *
 * Peers take turns within every round, in an order that rotates, so that whatever else the machine does hits all of
 * them; a ratio is formed inside one round, and the report gives median and quartiles of these ratios.
 */
export async function runSuite(
  suite: Suite,
  argv: readonly string[] = process.argv.slice(2),
): Promise<void> {
  const asked = parseOptions(argv);
  if (asked.kind === "help") return void process.stdout.write(`${suite.question}\n${USAGE}`);
  if (asked.kind === "wrong") {
    process.stderr.write(`${asked.why}\n${USAGE}`);
    process.exitCode = EXIT_USAGE;
    return;
  }
  const { options } = asked;
  const json = options.output === "json";
  const machine = describeMachine();
  const startedAt = new Date().toISOString();
  const wanted = suite.cases.filter(({ name }) => name.includes(options.only ?? ""));
  const held = await holdCpus(wanted, options);
  const cpus = held.state;
  if (!json) console.log(formatHeader(suite, machine, cpus));

  const cases: CaseResult[] = [];
  try {
    for (const benchCase of wanted) {
      const result = await runCase(benchCase, options);
      cases.push(result);
      if (!json) console.log(formatCase(result));
    }
  } finally {
    await held.release();
  }
  const facts = ((await suite.facts?.()) ?? []).map((fact) =>
    fact.target === undefined ? fact : { ...fact, met: meets(fact.value, fact.target) === true },
  );
  if (!json && facts.length > 0) console.log(formatFacts(facts));
  if (json) {
    const { name, question } = suite;
    console.log(
      JSON.stringify({ name, question, machine, cpus, startedAt, cases, facts }, undefined, 2),
    );
  }
}

// A core that computes does not sleep: only calls that wait meet one that does.
async function holdCpus(cases: readonly BenchCase[], options: RunOptions): Promise<HeldCpus> {
  if (cases.every(({ pace }) => pace.kind === "batch")) return leaveCpus("no call waits");
  return options.cpus === "kept awake" ? keepCpusAwake() : leaveCpus("--let-cpus-sleep");
}

interface Contender {
  readonly peer: Peer;
  readonly operation: Operation;
  readonly batchCalls: number;
  readonly samples: RoundSample[];
}

async function runCase(benchCase: BenchCase, options: RunOptions): Promise<CaseResult> {
  const contenders: Contender[] = [];
  try {
    for (const peer of benchCase.peers) contenders.push(await warmUp(peer, benchCase, options));
    for (let round = 0; round < options.rounds; round++) {
      for (let turn = 0; turn < contenders.length; turn++) {
        const contender = contenders[(round + turn) % contenders.length];
        contender?.samples.push(await turnOf(contender, benchCase, options.roundMs));
      }
    }
  } finally {
    for (const { operation } of contenders) await operation.close?.();
  }
  const compared =
    benchCase.compare ?? (benchCase.pace.kind === "pipelined" ? "throughput" : "p50");
  const samples: PeerSamples[] = contenders.map((contender) => ({
    name: contender.peer.name,
    samples: contender.samples,
    target: contender.peer.target,
  }));
  return reduceCase(benchCase.name, compared, samples, benchCase.payloadBytes);
}

async function warmUp(peer: Peer, benchCase: BenchCase, options: RunOptions): Promise<Contender> {
  const { pace } = benchCase;
  const operation = await peer.open();
  const batchCalls = pace.kind === "batch" ? calibrate(operation.run, 1) : 1;
  const contender = { peer, operation, batchCalls, samples: [] };
  await turnOf(contender, benchCase, options.warmUpMs);
  // The calls are compiled now: a batch of the cold ones would be too short.
  return pace.kind === "batch"
    ? { ...contender, batchCalls: calibrate(operation.run, 1) }
    : contender;
}

async function turnOf(
  contender: Contender,
  { pace, collect = "all" }: BenchCase,
  roundMs: number,
): Promise<RoundSample> {
  const { operation, batchCalls } = contender;
  // Garbage of the peer before is not this one's to collect.
  if (collect === "all") globalThis.gc?.();
  else globalThis.gc?.({ type: "minor" });
  return runRound(operation.run, {
    pace,
    roundMs,
    batchCalls,
    foreignCpu: operation.cpu?.bind(operation),
  });
}
