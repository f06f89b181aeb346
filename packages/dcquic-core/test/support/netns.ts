import { execFileSync, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { NetnsOrder } from "./netns-node.js";

/** Two namespaces of this machine, joined by pairs of interfaces: `10.77.<link>.1` and `10.77.<link>.2`. */
export class TwoNamespaces {
  readonly #names: readonly [string, string];
  readonly #children: (() => void)[] = [];
  #break: (why: Error) => void = () => {};
  // An end that fails ends whatever is waited for, of the other end too.
  readonly #broken = new Promise<never>((_, reject) => (this.#break = reject));

  private constructor(names: readonly [string, string]) {
    this.#names = names;
    this.#broken.catch(() => {});
  }

  /** Why they cannot be made here, or `undefined`. */
  static lack(): string | undefined {
    const name = `dcq-probe-${process.pid}`;
    try {
      ip("netns", "add", name);
      ip("-n", name, "link", "add", "probe0", "type", "veth", "peer", "name", "probe1");
      return undefined;
    } catch (error) {
      return `no network namespaces: ${String((error as { stderr?: unknown }).stderr ?? error).trim()}`;
    } finally {
      try {
        ip("netns", "del", name);
      } catch {
        // There is none where none could be made.
      }
    }
  }

  /** Makes them, with so many links. */
  static make(links: number): TwoNamespaces {
    const names = [`dcq-a-${process.pid}`, `dcq-b-${process.pid}`] as const;
    const made = new TwoNamespaces(names);
    for (const name of names) ip("netns", "add", name);
    for (let link = 1; link <= links; link++) {
      const other = ["peer", "name", `nic${link}`, "netns", names[1]] as const;
      ip("-n", names[0], "link", "add", `nic${link}`, "type", "veth", ...other);
      for (const [side, name] of names.entries()) {
        ip("-n", name, "addr", "add", `10.77.${link}.${side + 1}/24`, "dev", `nic${link}`);
        ip("-n", name, "link", "set", `nic${link}`, "up");
      }
    }
    for (const name of names) ip("-n", name, "link", "set", "lo", "up");
    return made;
  }

  /** Takes an interface of one side away, or gives it back. */
  set(side: 0 | 1, link: number, state: "up" | "down"): void {
    ip("-n", this.#names[side], "link", "set", `nic${link}`, state);
  }

  /** Takes the address of an interface of one side away; the other side keeps its carrier. */
  take(side: 0 | 1, link: number): void {
    ip("-n", this.#names[side], "addr", "flush", "dev", `nic${link}`);
  }

  /** Limits what one side sends on a link. */
  limit(side: 0 | 1, link: number, rate: string): void {
    const qdisc = ["root", "tbf", "rate", rate, "burst", "64kb", "latency", "20ms"];
    run("ip", [
      "netns",
      "exec",
      this.#names[side],
      "tc",
      "qdisc",
      "add",
      "dev",
      `nic${link}`,
      ...qdisc,
    ]);
  }

  /** Has the system say of the links of one side that they are not ready, though datagrams pass, as it does for a second of new ones. */
  leaveUnready(side: 0 | 1, ...links: readonly number[]): void {
    for (const link of links) {
      this.set(side, link, "down");
      ip("-n", this.#names[side], "link", "set", `nic${link}`, "mode", "dormant");
      this.set(side, link, "up");
    }
  }

  /** Starts one end of a test in a namespace. */
  start(side: 0 | 1, order: NetnsOrder): End {
    const program = fileURLToPath(new URL("./netns-node.js", import.meta.url));
    const child = spawn(
      "ip",
      ["netns", "exec", this.#names[side], process.execPath, program, JSON.stringify(order)],
      { stdio: ["pipe", "pipe", "inherit"] },
    );
    let isOver = false;
    this.#children.push(() => {
      isOver = true;
      child.kill("SIGKILL");
    });
    child.once("exit", (code, signal) => {
      if (code === 0 || isOver) return;
      this.#break(new Error(`the end that was to ${order.role} ended with ${signal ?? code}`));
    });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    return { next: () => Promise.race([lines.next(), this.#broken]) };
  }

  /** Ends everything. */
  dispose(): void {
    for (const kill of this.#children) kill();
    for (const name of this.#names) ip("netns", "del", name);
  }
}

/** What an end of a test says, line by line. */
export interface End {
  /** The next line; rejects as soon as either end failed. */
  next(): Promise<IteratorResult<string>>;
}

/** The next thing that an end says. */
export async function heard(end: End): Promise<Record<string, unknown>> {
  const { value, done } = await end.next();
  if (done === true) throw new Error("an end of the test ended");
  return JSON.parse(value) as Record<string, unknown>;
}

function ip(...args: readonly string[]): void {
  run("ip", args);
}

function run(program: string, args: readonly string[]): void {
  execFileSync(program, args, { stdio: ["ignore", "ignore", "pipe"] });
}
