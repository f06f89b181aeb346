import { RpcSession, type RpcSessionOptions } from "../session/rpc-session.js";
import type { AnyRpcTransport } from "../session/transport.js";
import type { Connector } from "./link.js";
import { reportLoss } from "./report-loss.js";

/** Opens a transport; rejects when it cannot, or when `signal` gives the attempt up. */
export type OpenTransport = (signal: AbortSignal) => AnyRpcTransport | Promise<AnyRpcTransport>;

/**
 * Makes a connector of any transport: WebTransport, a port, a stream of one's own. The transport's
 * `abort` is what closes it.
 *
 * @param localMain What the peer's main stub stands for, in every session.
 */
export function transportConnector<T>(
  open: OpenTransport,
  localMain?: unknown,
  options: RpcSessionOptions = {},
): Connector<T> {
  return async ({ signal, hooks }) => {
    const transport = await open(signal);
    const session = new RpcSession<T>(reportLoss(transport), localMain, {
      ...options,
      hooks: { ...options.hooks, ...hooks },
    });
    return {
      session,
      close: (_code, reason) => transport.abort?.(new Error(reason)),
    };
  };
}
