import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";

/** What the cores do while both processes of a peer wait: spin at idle priority, or sleep as the system likes. */
export type CpuState =
  | { readonly kind: "awake" }
  | { readonly kind: "free to sleep"; readonly why: string };

/** Cores in a {@link CpuState} until they are released. */
export interface HeldCpus {
  readonly state: CpuState;
  /** Ends the spinners, if there are any. */
  release(): Promise<void>;
}

/** Leaves the cores alone. */
export function leaveCpus(why: string): HeldCpus {
  return { state: { kind: "free to sleep", why }, release: async () => undefined };
}

/**
 * Keeps every core from going to sleep, by a thread each that runs only while nothing else wants the core (SCHED_IDLE).
 *
 * Waking a sleeping core costs tens of microseconds on a virtual machine, more than most calls; every peer pays it twice
 * a call, so that ratios of short calls would say more about the machine than about the peers. The spinners end with
 * this process, also when it is killed. Where the system has no `chrt` the cores are left alone, and the state says so.
 */
export async function keepCpusAwake(): Promise<HeldCpus> {
  const idly = ["--idle", "0"];
  if (spawnSync("chrt", [...idly, "true"], { stdio: "ignore" }).status !== 0) {
    return leaveCpus("no chrt that may set SCHED_IDLE");
  }
  const program = fileURLToPath(new URL("spinners.js", import.meta.url));
  const spinners = spawn(
    "chrt",
    [...idly, process.execPath, program, String(availableParallelism())],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  const gone = once(spinners, "exit");
  const started = await Promise.race([once(spinners.stdout, "data"), gone.then(() => undefined)]);
  if (started === undefined) return leaveCpus("the spinners did not start");
  letGo(spinners);
  return {
    state: { kind: "awake" },
    async release() {
      // Nothing else may be left to wait for, and then nobody would see it end.
      spinners.ref();
      spinners.kill("SIGKILL");
      await gone;
    },
  };
}

// A benchmark that throws should end, not wait for its spinners.
function letGo(spinners: ChildProcess): void {
  spinners.unref();
  for (const stream of [spinners.stdin, spinners.stdout]) {
    if (stream !== null && "unref" in stream && typeof stream.unref === "function") stream.unref();
  }
}
