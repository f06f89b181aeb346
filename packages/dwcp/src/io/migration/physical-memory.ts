import { DwcpError } from "../../errors.js";
import type { QmpMonitor } from "./qmp-monitor.js";

/** A part of a machine's memory, in its physical addresses. */
export interface PhysicalRange {
  /** Address of the first byte. */
  readonly start: number;
  /** In bytes, whole pages. */
  readonly length: number;
}

/** Every PC of QEMU has that much in one piece from address 0 on, and devices above. */
const PC_BYTES = 2 ** 31;
const PC_TARGETS = new Set(["x86_64", "i386"]);

/**
 * Asks a machine where its memory is.
 *
 * @throws DwcpError `dwcp.unsupported` for machines that have it in several places, or elsewhere: the caller has to name them
 */
export async function physicalMemoryOf(monitor: QmpMonitor): Promise<readonly PhysicalRange[]> {
  const arch = member(await monitor.execute("query-target"), "arch");
  const summary = await monitor.execute("query-memory-size-summary");
  const [base, plugged] = [member(summary, "base-memory"), member(summary, "plugged-memory")];
  const isKnown = typeof arch === "string" && PC_TARGETS.has(arch);
  const isPlain = plugged === undefined || plugged === 0;
  if (isKnown && isPlain && typeof base === "number" && base > 0 && base <= PC_BYTES) {
    return [{ start: 0, length: base }];
  }
  throw new DwcpError(
    "dwcp.unsupported",
    `where ${String(base)} bytes of a machine of ${String(arch)} lie has to be named: ranges`,
  );
}

function member(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return new Map<string, unknown>(Object.entries(value)).get(name);
}
