import type { EncodingLevel } from "../wire/encoding-level.js";

/** Carries messages of text, in order and without loss. spec/capnweb.md §2.6 */
export interface RpcTransport {
  readonly encodingLevel?: "string" | undefined;
  /** Sends one message. A rejection, or a throw, ends the session. */
  send(message: string): void | Promise<void>;
  /** Answers the next message; rejects when the connection is gone. */
  receive(): Promise<string>;
  /** Hears that the session failed, and why. */
  abort?(reason: unknown): void;
}

/** Carries trees instead of text. `send` may answer the encoded size. spec/capnweb.md §2.6 */
export interface RpcTransportWithCustomEncoding {
  readonly encodingLevel: Exclude<EncodingLevel, "string">;
  /** Sends one message; a number that it returns is the encoded size in bytes. */
  send(message: unknown): unknown;
  /** Answers the next message; rejects when the connection is gone. */
  receive(): Promise<unknown>;
  /** Hears that the session failed, and why. */
  abort?(reason: unknown): void;
}

/** Any transport a session can run over. */
export type AnyRpcTransport = RpcTransport | RpcTransportWithCustomEncoding;

/** What a transport that delivers by itself calls, instead of being asked for each message. */
interface MessageSink {
  received(message: unknown): void;
  failed(reason: unknown): void;
}

/** The method of a transport that delivers by itself. */
export const deliverTo: unique symbol = Symbol("deliverTo");

/** A transport that delivers by itself: no promise per message. */
export interface DeliveringTransport {
  [deliverTo](sink: MessageSink): void;
}
