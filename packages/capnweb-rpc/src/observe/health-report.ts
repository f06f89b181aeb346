/** What says whether new calls are carried out: a connection, a pool, a group of sessions. */
export interface Readiness {
  /** Whether it is so now. */
  readonly ready: boolean;
}

/** How a process stands. spec/capnweb.md §20.9 */
export interface HealthReport {
  /** The process answers: always true where a report is made at all. */
  readonly live: true;
  /** Whether every part is ready. A part that drains is not. */
  readonly ready: boolean;
  /** Which parts are. */
  readonly parts: Readonly<Record<string, boolean>>;
}

/** Asks every part. */
export function healthReport(parts: Readonly<Record<string, Readiness>>): HealthReport {
  const answers = Object.entries(parts).map(([name, { ready }]) => [name, ready] as const);
  return {
    live: true,
    ready: answers.every(([, ready]) => ready),
    parts: Object.fromEntries(answers),
  };
}

/**
 * Answers the probes of an orchestrator: `/health` whether the process lives, `/health/ready` with
 * 503 while it should be given no work. `undefined` for any other path.
 */
export function healthResponse(
  path: string,
  parts: Readonly<Record<string, Readiness>>,
): Response | undefined {
  if (path !== "/health" && path !== "/health/ready") return undefined;
  const report = healthReport(parts);
  const status = path === "/health" || report.ready ? 200 : 503;
  return Response.json(report, { status });
}
