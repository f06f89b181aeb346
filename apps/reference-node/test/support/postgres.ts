import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A PostgreSQL server of its own for one test, reachable over a Unix socket only. */
export interface Postgres {
  readonly url: string;
  stop(): Promise<void>;
}

/** Makes an empty database and serves it with the `postgres` program at `executable`. */
export async function startPostgres(executable: string): Promise<Postgres> {
  const programs = dirname(realpathSync(executable));
  const folder = mkdtempSync(join(tmpdir(), "postgres-"));
  const user = ordinaryUser();
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
  const data = join(folder, "data");
  const options = { ...user, cwd: folder, env: { ...process.env, TZ: "UTC", LC_ALL: "C" } };
  const init = ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"];
  execFileSync(join(programs, "initdb"), init, { ...options, stdio: "ignore" });
  const child = spawn(
    join(programs, "postgres"),
    ["-D", data, "-k", folder, "-F", "-c", "listen_addresses="],
    { ...options, stdio: ["ignore", "ignore", "pipe"] },
  );
  const closed = once(child, "close");
  let said = "";
  child.stderr.on("data", (part: Buffer) => (said += part.toString()));
  while (!said.includes("ready to accept connections")) {
    const gone = await Promise.race([
      closed.then(() => true),
      once(child.stderr, "data").then(() => false),
    ]);
    if (gone) throw new Error(`postgres ended: ${said}`);
  }
  return {
    url: `postgres://postgres@localhost/postgres?host=${encodeURIComponent(folder)}`,
    async stop() {
      // The fast shutdown: it waits for nobody.
      child.kill("SIGINT");
      await closed;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** PostgreSQL refuses to run as root. */
function ordinaryUser(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (option: string): number =>
    Number(execFileSync("id", [option, "nobody"], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}
