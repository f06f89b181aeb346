import { expect } from "@jest/globals";
import type { WorkloadReport } from "@proj/dcquic-core/sim";

/** Nothing is left behind: no bytes asked for, no references, no tracked transfers, no closes. */
export function expectClean(report: Pick<WorkloadReport, "world">): void {
  for (const { engine, buffers } of report.world.hosts) {
    const { outstandingBytes, tracked, closes } = engine.stats;
    expect([outstandingBytes, tracked, closes, buffers.references]).toEqual([0, 0, 0, 0]);
  }
}

/** Numbers of the transfers that neither arrived nor failed. */
export function lostOf(report: WorkloadReport): readonly number[] {
  return report.outcomes.flatMap(({ deliveredUs, failed }, number) =>
    deliveredUs === undefined && failed === undefined ? [number] : [],
  );
}
