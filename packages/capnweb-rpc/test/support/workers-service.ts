// What runs in workerd: the package as Workers get it, and their runtime's own RpcTarget.
import { newHttpBatchRpcSession, newWorkersRpcResponse, RpcTarget } from "@proj/capnweb-rpc";
import { interopMain } from "./interop-main.js";

interface Far {
  twice(n: number): number;
}

class Service extends interopMain(RpcTarget) {
  /** The other way round: a batch that this runtime sends. */
  async twiceElsewhere(url: string, n: number): Promise<number> {
    const main = newHttpBatchRpcSession<Far>(url);
    return await main.twice(n);
  }
  /** Whether the class is the runtime's, which its own RPC asks for. */
  async isRuntimeTarget(): Promise<boolean> {
    const name = "cloudflare:workers";
    const runtime = (await import(name)) as { readonly RpcTarget: new () => object };
    return runtime.RpcTarget === (RpcTarget as unknown);
  }
}

const worker = {
  fetch: (request: Request): Promise<Response> => newWorkersRpcResponse(request, new Service()),
};
// oxlint-disable-next-line import/no-default-export -- what the runtime asks of a module
export default worker;
