import type { RpcSession } from "../session/rpc-session.js";
import type { SessionHooks } from "../session/session-hooks.js";

/** A session and the connection it runs over. */
export interface Link<T> {
  /** The session. */
  readonly session: RpcSession<T>;
  /** Closes the connection under the session; `code` is one of WebSocket's, where there are codes. */
  close(code: number, reason: string): void;
  /** Resolves when the peer's transport has answered; the session's own ping where absent. */
  ping?(): Promise<void>;
}

/** What is needed of a link to end it. */
export interface Endable extends Pick<Link<unknown>, "close"> {
  readonly session: Pick<RpcSession, "drain" | "end">;
}

/** What goes with the request for a link. */
export interface LinkRequest {
  /** Gives the attempt up. */
  readonly signal: AbortSignal;
  /** What is to be attached to the session. */
  readonly hooks: SessionHooks;
}

/** Opens a link, and resolves when it can be used. A rejection is a failed attempt. */
export type Connector<T> = (request: LinkRequest) => Promise<Link<T>>;

/** Closes the connection of `link`; what is in flight fails with `reason`, which the peer is not told. */
export function endLink(link: Endable, code: number, text: string, reason: unknown): void {
  link.close(code, text);
  link.session.end(reason);
}

/** A server that goes away. RFC 6455 §7.4.1 */
export const GOING_AWAY = 1001;
/** A connection that has done what it was for. RFC 6455 §7.4.1 */
export const NORMAL_CLOSURE = 1000;
