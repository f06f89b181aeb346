import type { ErrorScope } from "./error-scope.js";
import { errorScopes } from "./error-scope.js";
import {
  type Field,
  flag,
  hex,
  integer,
  list,
  object,
  oneOf,
  optional,
  text,
  texts,
  u16,
  u32,
  u53,
} from "./json-fields.js";

/** Bytes of a session id and of a server's epoch. spec/dwcp.md B2 */
export const SESSION_ID_BYTES = 16;
/** Bytes of each side's random number. spec/dwcp.md B2 */
export const RANDOM_BYTES = 32;

const MAX_NAMES = 32;
const MAX_DETAILS = 32;
const NAME = 64;

/** How a session may be secured. spec/dwcp.md B3 */
export type AuthMode = "none" | "psk" | "mtls";
/** What carries the streams. spec/dwcp.md B14 */
export type ProviderName = "tcp" | "tls" | "rdma";

/** What a side can do; the agreed set is the intersection. spec/dwcp.md B2 */
export interface Capabilities {
  /** Numbers of codecs that it decodes. */
  readonly codecs: readonly number[];
  /** Names of hashes. */
  readonly hashes: readonly string[];
  /** Page sizes, in bytes. */
  readonly pageSizes: readonly number[];
  /** The longest payload of a frame, in bytes. */
  readonly maxFrameBytes: number;
  /** The most raw bytes of a unit. */
  readonly maxUnitRawBytes: number;
  /** The largest window of a zstd frame, as a power of two. */
  readonly maxWindowLog: number;
  /** The most streams of a session. */
  readonly maxStreams: number;
  /** Encoded bytes that may be under way to it, at the start. */
  readonly creditBytes: number;
  /** Whether it keeps a journal to resume by. */
  readonly resume: boolean;
  /** Whether the connection is inside TLS. */
  readonly tls: boolean;
  /** How it proves who it is. */
  readonly auth: readonly AuthMode[];
  /** Compression levels that it decodes the frames of. */
  readonly levels: readonly number[];
  /** What it can be reached through. */
  readonly providers: readonly ProviderName[];
}

/** HELLO: opens a session. spec/dwcp.md B2, B3 */
export interface HelloMessage {
  /** Tells the messages apart. */
  readonly kind: "HELLO";
  /** Lowest and highest major version. */
  readonly versions: { readonly min: number; readonly max: number };
  /** What the node calls itself. */
  readonly nodeId: string;
  /** 32 bytes, in hexadecimal. */
  readonly clientRandom: string;
  /** The session that is to go on, where there is one. */
  readonly sessionId?: string | undefined;
  /** What that side can do, or what both agreed on. */
  readonly capabilities: Capabilities;
}

/** WELCOME: answers HELLO. spec/dwcp.md B2, B3 */
export interface WelcomeMessage {
  /** Tells the messages apart. */
  readonly kind: "WELCOME";
  /** The major version that both speak. */
  readonly version: number;
  /** 16 bytes, in hexadecimal. */
  readonly sessionId: string;
  /** Differs after every start of the server's process. */
  readonly serverEpoch: string;
  /** 32 bytes, in hexadecimal. */
  readonly serverRandom: string;
  /** What the node calls itself. */
  readonly nodeId: string;
  /** The intersection, in full. */
  readonly capabilities: Capabilities;
  /** How long the session outlives its last stream. */
  readonly sessionTtlMs: number;
  /** How the initiator has to prove itself. */
  readonly auth: AuthMode;
}

/** AUTH: the initiator's proof. spec/dwcp.md B3 */
export interface AuthMessage {
  /** Tells the messages apart. */
  readonly kind: "AUTH";
  /** HMAC-SHA-256 over the handshake, in hexadecimal. */
  readonly proof: string;
}

/** AUTH_OK: the responder's proof. spec/dwcp.md B3 */
export interface AuthOkMessage {
  /** Tells the messages apart. */
  readonly kind: "AUTH_OK";
  /** HMAC-SHA-256 over the handshake, in hexadecimal. */
  readonly proof: string;
}

/** ATTACH: brings a further connection into a session. spec/dwcp.md B3 */
export interface AttachMessage {
  /** Tells the messages apart. */
  readonly kind: "ATTACH";
  /** 16 bytes, in hexadecimal. */
  readonly sessionId: string;
  /** Tells the streams of a session apart. */
  readonly streamIndex: number;
  /** Used once. */
  readonly nonce: string;
  /** Proves that the stream belongs to the session, in hexadecimal. */
  readonly token: string;
}

/** ATTACHED: answers ATTACH. spec/dwcp.md B3 */
export interface AttachedMessage {
  /** Tells the messages apart. */
  readonly kind: "ATTACHED";
  /** Tells the streams of a session apart. */
  readonly streamIndex: number;
}

/** PING. spec/dwcp.md B2 */
export interface PingMessage {
  /** Tells the messages apart. */
  readonly kind: "PING";
  /** 8 bytes that mean something to the sender only. */
  readonly opaque: string;
}

/** PONG. spec/dwcp.md B2 */
export interface PongMessage {
  /** Tells the messages apart. */
  readonly kind: "PONG";
  /** 8 bytes, in hexadecimal, that come back as they are. */
  readonly opaque: string;
  /** How long the answer waited, in µs. */
  readonly holdUs: number;
}

/** GOAWAY: no new transfers, running ones finish. spec/dwcp.md B2 */
export interface GoawayMessage {
  /** Tells the messages apart. */
  readonly kind: "GOAWAY";
  /** For people. */
  readonly reason: string;
  /** The last handle that is served. */
  readonly lastHandle: number;
}

/** ERROR. spec/dwcp.md B2, B9 */
export interface ErrorMessage {
  /** Tells the messages apart. */
  readonly kind: "ERROR";
  /** A number of spec/dwcp.md B9; later versions may send others. */
  readonly code: number;
  /** What dies of it. */
  readonly scope: ErrorScope;
  /** Whether the same may succeed later. */
  readonly retryable: boolean;
  /** For people. */
  readonly text: string;
  /** Small, for logs. */
  readonly details?: Readonly<Record<string, string>> | undefined;
}

/** CREDIT: how many encoded bytes the peer may have sent in this session in all. spec/dwcp.md B2, B6 */
export interface CreditMessage {
  /** Tells the messages apart. */
  readonly kind: "CREDIT";
  /** Encoded bytes of the session that may have been sent in all. */
  readonly limit: number;
}

type Body<T> = Field<Omit<T, "kind">>;

const capabilities: Field<Capabilities> = object<Capabilities>({
  codecs: list(integer(0, 255), MAX_NAMES),
  hashes: list(text(NAME), MAX_NAMES),
  pageSizes: list(u32, MAX_NAMES),
  maxFrameBytes: u32,
  maxUnitRawBytes: u32,
  maxWindowLog: integer(10, 31),
  maxStreams: u16,
  creditBytes: u53,
  resume: flag,
  tls: flag,
  auth: list(oneOf<AuthMode>(["none", "psk", "mtls"]), MAX_NAMES),
  levels: list(integer(0, 22), MAX_NAMES),
  providers: list(oneOf<ProviderName>(["tcp", "tls", "rdma"]), MAX_NAMES),
});
const sessionId = hex(SESSION_ID_BYTES);
const random = hex(RANDOM_BYTES);
const opaque = hex(8);

/** Reads HELLO. */
export const readHello: Body<HelloMessage> = object({
  versions: object({ min: integer(0, 255), max: integer(0, 255) }),
  nodeId: text(256),
  clientRandom: random,
  sessionId: optional(sessionId),
  capabilities,
});
/** Reads WELCOME. */
export const readWelcome: Body<WelcomeMessage> = object({
  version: integer(0, 255),
  sessionId,
  serverEpoch: hex(16),
  serverRandom: random,
  nodeId: text(256),
  capabilities,
  sessionTtlMs: u53,
  auth: oneOf<AuthMode>(["none", "psk", "mtls"]),
});
/** Reads AUTH and AUTH_OK. */
export const readProof: Field<{ readonly proof: string }> = object({ proof: hex(32) });
/** Reads ATTACH. */
export const readAttach: Body<AttachMessage> = object({
  sessionId,
  streamIndex: u16,
  nonce: hex(16),
  token: hex(32),
});
/** Reads ATTACHED. */
export const readAttached: Body<AttachedMessage> = object({ streamIndex: u16 });
/** Reads PING. */
export const readPing: Body<PingMessage> = object({ opaque });
/** Reads PONG. */
export const readPong: Body<PongMessage> = object({ opaque, holdUs: u53 });
/** Reads GOAWAY. */
export const readGoaway: Body<GoawayMessage> = object({ reason: text(), lastHandle: u32 });
/** Reads ERROR. */
export const readError: Body<ErrorMessage> = object<Omit<ErrorMessage, "kind">>({
  code: u16,
  scope: oneOf(errorScopes),
  retryable: flag,
  text: text(),
  details: optional(texts(MAX_DETAILS)),
});
/** Reads CREDIT. */
export const readCredit: Body<CreditMessage> = object({ limit: u53 });
