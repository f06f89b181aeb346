export { type Fact, type Target } from "./target.js";
export {
  type BenchCase,
  type Operation,
  type Peer,
  type Pace,
  runSuite,
  type Suite,
} from "./suite.js";
export { type CpuTime, type RoundSample } from "./round.js";
export { type CaseResult, type PeerResult, type SuiteResult } from "./result.js";
export { type Machine, describeMachine } from "./machine.js";
export { type CpuState, type HeldCpus, keepCpusAwake } from "./wakeful-cpus.js";
export { median, quantile, type Spread, spreadOf } from "./statistics.js";
export {
  type MemoryUse,
  type ServerProcess,
  type SpawnOptions,
  spawnServer,
} from "./server-process.js";
export { type Served, serveProcess } from "./serve-process.js";
