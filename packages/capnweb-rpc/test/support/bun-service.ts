// What runs in Bun: the package as Bun gets it, serving and calling. Prints its port.
import * as library from "@proj/capnweb-rpc";
import type * as bunLibrary from "#src/bun/index.js";
import { interopMain } from "./interop-main.js";

/* oxlint-disable typescript/no-explicit-any -- Bun's own types are not here */

const { newHttpBatchRpcResponse, newHttpBatchRpcSession, newWebSocketRpcSession, RpcTarget } =
  library;
const { newBunWebSocketRpcHandler } = library as unknown as typeof bunLibrary;

interface Far {
  twice(n: number): number;
}

class Service extends interopMain(RpcTarget) {
  /** The other way round: sessions that this runtime opens. */
  async twiceElsewhere(url: string, n: number): Promise<number> {
    if (url.startsWith("http")) return await newHttpBatchRpcSession<Far>(url).twice(n);
    const main = newWebSocketRpcSession<Far>(url);
    try {
      return await main.twice(n);
    } finally {
      main[Symbol.dispose]();
    }
  }
}

const { Bun } = globalThis as unknown as { readonly Bun: any };
const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch: (request: Request, self: any) =>
    self.upgrade(request) ? undefined : newHttpBatchRpcResponse(request, new Service()),
  websocket: newBunWebSocketRpcHandler(() => new Service()),
});
process.stdout.write(`port:${server.port}\n`);
// Ends with whoever started it.
process.stdin.on("end", () => process.exit()).resume();
