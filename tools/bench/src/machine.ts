import { spawnSync } from "node:child_process";
import { availableParallelism, cpus, release, totalmem } from "node:os";

/** What the numbers were measured on. */
export interface Machine {
  /** The processor as it names itself. */
  readonly cpu: string;
  /** Cores this process may use. */
  readonly cores: number;
  /** Physical memory in GiB, rounded. */
  readonly memoryGiB: number;
  /** Platform, architecture and kernel release. */
  readonly system: string;
  /** `process.versions` of the parts that matter. */
  readonly versions: Readonly<Record<string, string>>;
  /** The commit that was checked out, with `+` where files differed from it; `unknown` outside a clone. */
  readonly commit: string;
}

/** Describes the machine and runtime of this process. */
export function describeMachine(): Machine {
  const { node, v8, uv, openssl } = process.versions;
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${process.arch} ${release()}`,
    versions: { node, v8, uv, openssl },
    commit: describeCommit(),
  };
}

function describeCommit(): string {
  const git = (...args: string[]): string | undefined => {
    const { status, stdout } = spawnSync("git", args, { encoding: "utf8" });
    return status === 0 ? stdout.trim() : undefined;
  };
  const commit = git("rev-parse", "--short", "HEAD");
  if (commit === undefined) return "unknown";
  return git("status", "--porcelain", "--untracked-files=no") === "" ? commit : `${commit}+`;
}
