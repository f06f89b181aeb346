import { createHash, randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cliJson, serve, type ServingNode } from "./cli.js";
import { tempFolder } from "./temp-folder.js";

/** What `replicate --json` tells of a round. */
export interface Round {
  readonly rawBytes: number;
  readonly wireBytes: number;
  readonly resumedBytes: number;
  readonly hadBase: boolean;
}

/** A node that takes replicas, with a folder for it and for what is sent to it. */
export class ReplicaNode {
  /** Holds all of it. */
  readonly folder = tempFolder();
  /** The key that the node knows. */
  readonly keyFile = join(this.folder.path, "dwcp.key");
  /** Where the node puts what arrives. */
  readonly replicas = join(this.folder.path, "replicas");
  /** Where senders keep what they sent. */
  readonly state = join(this.folder.path, "state");
  #node: ServingNode | undefined;

  /** Starts it. */
  async start(): Promise<void> {
    writeFileSync(this.keyFile, randomBytes(32).toString("hex"), { mode: 0o600 });
    this.#node = await this.#serve(0);
  }

  /** The process. */
  get node(): ServingNode {
    if (this.#node === undefined) throw new Error("the node is not started");
    return this.#node;
  }

  /** Where DWCP listens. */
  get port(): number {
    return Number(new URL(this.node.dwcp).port);
  }

  /** Ends the process by a signal, and starts another at the same port. */
  async restart(signal: NodeJS.Signals): Promise<void> {
    const { port } = this;
    await this.node.end(signal);
    this.#node = await this.#serve(port);
  }

  /** Ends it and removes everything. */
  async close(): Promise<void> {
    await this.#node?.end("SIGTERM");
    this.folder.remove();
  }

  /** The command line that replicates `source` to it. */
  args(source: string, ...more: string[]): string[] {
    return this.argsTo(this.node.dwcp, source, ...more);
  }

  /** The same by way of another address. */
  argsTo(url: string, source: string, ...more: string[]): string[] {
    const { keyFile, state } = this;
    return ["replicate", source, "--to", url, "--key", keyFile, "--state", state, ...more];
  }

  /** Replicates; resolves with the last round. */
  async replicate(source: string, ...more: string[]): Promise<Round> {
    const { document, stderr } = await cliJson(this.args(source, ...more));
    if (document["ok"] !== true) throw new Error(stderr);
    const last = (document["rounds"] as Round[]).at(-1);
    if (last === undefined) throw new Error("no round");
    return last;
  }

  #serve(port: number): Promise<ServingNode> {
    const config = `
[[listen]]
url = "xcp://127.0.0.1:0"
[admin]
enabled = false
[control]
port = 0
token_file = "control.token"
[dwcp]
enabled = true
port = ${port}
key_file = "dwcp.key"
receive_folder = "replicas"
`;
    return serve(this.folder.write("node.toml", config));
  }
}

/** SHA-256 of a file. */
export function sha(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}
