import { backend } from "../backend.js";
import { capabilityRows } from "./capabilities.js";
import { memoryRows } from "./memory.js";
import { processorRows } from "./processor.js";
import { runtimeRows } from "./runtime.js";
import { compilerRow } from "./compiler.js";

/** One fact about this machine. */
export interface DoctorRow {
  /** What was looked at; permanent, for programs. */
  readonly name: string;
  /** What was found, for people. */
  readonly value: string;
  /** Whether nothing is lost by it. */
  readonly ok: boolean;
  /** What it costs where `ok` is false. */
  readonly cost?: string;
}

/**
 * Examines what this machine and this Node lend to the protocols, and what a missing thing costs.
 *
 * Looks for a C++ compiler by running it, tries the options of a socket on the loopback interface and loads libfabric
 * where there is one, so it takes some hundred milliseconds; nothing is changed.
 */
export function doctor(): readonly DoctorRow[] {
  return [
    ...runtimeRows(),
    backendRow(),
    compilerRow(),
    ...processorRows(backend),
    ...memoryRows(),
    ...capabilityRows(backend),
  ];
}

function backendRow(): DoctorRow {
  const value = `${backend.kind}: ${backend.reason}`;
  if (backend.kind === "native") return { name: "backend", value, ok: true };
  return {
    name: "backend",
    value,
    ok: false,
    cost: "one system call per datagram, no memory shared between processes, checksums in JavaScript",
  };
}
