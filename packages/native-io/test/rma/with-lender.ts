import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const lender = fileURLToPath(new URL("./lender.js", import.meta.url));

/** A process that lends memory. */
export interface Lender {
  readonly address: Uint8Array;
  readonly key: bigint;
  readonly base: bigint;
  /** The byte at `offset`, as that process sees it. */
  valueAt(offset: number): Promise<number>;
}

/** Runs `body` while another process lends `bytes` of memory. */
export async function withLender(
  provider: string,
  { source = "" }: { readonly source?: string },
  bytes: number,
  body: (lender: Lender) => Promise<void>,
): Promise<void> {
  const child = spawn(process.execPath, [lender, provider, source, String(bytes)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<Record<string, unknown>> =>
    JSON.parse(String((await lines.next()).value)) as Record<string, unknown>;
  try {
    const { address, key, base } = await next();
    await body({
      address: new Uint8Array(Buffer.from(String(address), "hex")),
      key: BigInt(String(key)),
      base: BigInt(String(base)),
      async valueAt(offset) {
        child.stdin.write(`${offset}\n`);
        return Number((await next())["value"]);
      },
    });
  } finally {
    child.stdin.end();
    await once(child, "close");
  }
}
