/** What is asked of a socket: browsers', Node's, Workers' and those of `ws` all have it. §2.2 */
export interface WebSocketLike {
  /** 0 connecting, 1 open, 2 closing, 3 closed. */
  readonly readyState: number;
  /** The subprotocol that the server chose; empty for none. */
  readonly protocol?: string;
  /** Bytes that wait to be sent. */
  readonly bufferedAmount?: number;
  /** How binary messages are handed over. */
  binaryType: string;
  /** Listens to the connection being there, or failing. */
  addEventListener(type: "open" | "error", listener: () => void): void;
  /** Listens to messages. */
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
  /** Listens to the end. */
  addEventListener(
    type: "close",
    listener: (event: { readonly code: number; readonly reason: string }) => void,
  ): void;
  /** Sends one frame. */
  send(message: string | ArrayBuffer): void;
  /** Begins the closing handshake. */
  close(code?: number, reason?: string): void;
}

/** Makes a socket that connects to `url`, and offers subprotocols where there are any. */
export type WebSocketConstructor = new (url: string, protocols?: string[]) => WebSocketLike;

/** `readyState` of a socket that is not open yet. */
export const CONNECTING = 0;
/** `readyState` of a socket that is open. */
export const OPEN = 1;
