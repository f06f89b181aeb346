import { completeLimits } from "../limits.js";
import type { Observer } from "../observe/observer.js";
import { RpcSession, type RpcSessionOptions } from "../session/rpc-session.js";
import type { AnyRpcTransport } from "../session/transport.js";
import type { WebSocketLike } from "../transports/web-socket-like.js";
import {
  WebSocketTransport,
  type WebSocketTransportOptions,
} from "../transports/web-socket-transport.js";
import { ExtendedTransport } from "./extended-transport.js";
import { EXTENDED_PROTOCOL } from "./protocol-names.js";

/** What may be chosen for a session over a socket that is open. */
export interface StartSessionOptions extends RpcSessionOptions, WebSocketTransportOptions {
  /**
   * Whether this end takes what the package adds to the wire. It is used only on a socket whose
   * subprotocol says that the other end does, too. Default `false`.
   */
  readonly extensions?: boolean | undefined;
  /** Looks on; where extensions are in use, traces go on at the peer. */
  readonly observer?: Observer | undefined;
}

/**
 * Starts a session over an open WebSocket: with binary frames for bytes, `Map`, `Set` and `RegExp`
 * where both ends have agreed to that, as the reference has it otherwise. spec/capnweb.md §20.7
 *
 * @param wrap Puts something before the transport.
 */
export function startWebSocketSession<T = unknown>(
  socket: WebSocketLike,
  localMain?: unknown,
  options: StartSessionOptions = {},
  wrap: (transport: AnyRpcTransport) => AnyRpcTransport = (transport) => transport,
): RpcSession<T> {
  const extended = options.extensions === true && socket.protocol === EXTENDED_PROTOCOL;
  const { maxMessageSize } = completeLimits(options.limits);
  const transport = extended
    ? new ExtendedTransport(socket, maxMessageSize, options)
    : new WebSocketTransport(socket, options);
  const session = new RpcSession<T>(wrap(transport), localMain, {
    ...options,
    extraValues: extended || options.extraValues,
    hooks: { ...options.observer?.hooks({ exchangeTraces: extended }), ...options.hooks },
  });
  options.observer?.watch(session);
  return session;
}
