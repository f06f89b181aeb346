/** What is asked of a socket: browsers', Node's, Workers' and those of `ws` all have it. §2.2 */
export interface WebSocketLike {
  readonly readyState: number;
  /** The subprotocol that the server chose; empty for none. */
  readonly protocol?: string;
  binaryType: string;
  addEventListener(type: "open" | "error", listener: () => void): void;
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(
    type: "close",
    listener: (event: { readonly code: number; readonly reason: string }) => void,
  ): void;
  send(message: string | ArrayBuffer): void;
  close(code?: number, reason?: string): void;
}

/** Makes a socket that connects to `url`, and offers subprotocols where there are any. */
export type WebSocketConstructor = new (url: string, protocols?: string[]) => WebSocketLike;

/** `readyState` of a socket that is not open yet. */
export const CONNECTING = 0;
