/** Does something over and over for so much processor time of this process: V8 compiles it meanwhile. */
export async function warmUp(run: () => unknown, forCpuMs: number): Promise<void> {
  const untilMs = cpuMs() + forCpuMs;
  while (cpuMs() < untilMs) await run();
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
