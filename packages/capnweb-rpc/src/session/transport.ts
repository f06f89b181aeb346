import type { EncodingLevel } from "../wire/encoding-level.js";

/** Carries messages of text, in order and without loss. spec/capnweb.md §2.6 */
export interface RpcTransport {
  /** What `send` and `receive` carry; text where it is absent. */
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
  /** What `send` and `receive` carry. */
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
export interface MessageSink {
  received(message: unknown): void;
  failed(reason: unknown): void;
}

/** How a transport begins to deliver by itself. */
export type Deliver = (sink: MessageSink) => void;

const delivery: unique symbol = Symbol("delivery");
const pieces: unique symbol = Symbol("pieces");

/** The properties stay out of the transports' types: they are between them and their session. */
interface BuiltIn {
  [delivery]?: Deliver;
  [pieces]?: true;
}

/** Notes that `transport` delivers by itself: it needs no promise per message. */
export function announceDelivery(transport: object, deliver: Deliver): void {
  (transport as BuiltIn)[delivery] = deliver;
}

/** Answers how `transport` begins to deliver by itself, if it does. */
export function deliveryOf(transport: object): Deliver | undefined {
  return (transport as BuiltIn)[delivery];
}

/** Notes that `transport` sends a `PiecedText` as well as text. */
export function announcePieces(transport: object): void {
  (transport as BuiltIn)[pieces] = true;
}

/** Tells whether `transport` sends a `PiecedText` as well as text. */
export function takesPieces(transport: object): boolean {
  return (transport as BuiltIn)[pieces] === true;
}
