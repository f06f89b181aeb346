import type { CodecPolicy, Converter, KindRange, Telemetry, TransportInfo } from "@proj/wire-types";
import type { Connection } from "./connection.js";
import type { MessageHandler } from "./delivery.js";
import type { XcpLimits } from "./limits.js";
import type { StreamHandler } from "./message.js";
import type { Platform } from "./platform.js";
import type { SessionMemory, SessionStore } from "./session-memory.js";
import type { Profile } from "./wire/constants.js";
import type { ClarifyReq, ClarifyRes, ConfirmReq, ConfirmRes, Release } from "./wire/control.js";
import type { Hello } from "./wire/hello.js";

/** Which end of the connection this is: the initiator sends HELLO. spec/xcp.md §6 */
export type Role = "initiator" | "responder";

/** What a connection speaks: `auto` lets a responder detect and a client fall back. spec/xcp.md §5 */
export type ProfileChoice = Profile | "auto";

/** Whether payloads are encrypted by XCP itself. spec/xcp.md §12 */
export type CryptPolicy = "off" | "allowed" | "required";

/** When bodies above 1 KiB are compressed. spec/xcp.md §11.1 */
export interface CompressionOptions {
  /** `auto`: only where bytes are dearer than time, that is when the peer is on another host. Default `auto`. */
  readonly mode?: "off" | "auto" | "on";
  /** zstd level: 1 for latency. Default 3. */
  readonly level?: number;
}

/** Features of HELLO that an application turns on or off. spec/xcp.md §6 */
export interface FeatureOptions {
  /** The ACKREQ flag. Default true. */
  readonly ackreq?: boolean;
  /** Clarification and confirmation. Default true. */
  readonly clarification?: boolean;
  /** GOAWAY and ERROR frames. Default true. */
  readonly goaway?: boolean;
  /** The tensor extension of §14.5. Default false: the codecs must know it. */
  readonly tensorExtension?: boolean;
  /** The DLPACK descriptor of §14.8. Default false. */
  readonly dlpack?: boolean;
}

/** The credential a peer presented, for the application to judge. */
export interface Credential {
  /** The opaque bytes of HELLO's `auth`, absent when the peer sent none. */
  readonly auth: Uint8Array | undefined;
  /** Everything else the peer said about itself. */
  readonly hello: Hello;
  /** What the transport knows about the peer. */
  readonly info: TransportInfo;
}

/** An object in shared memory that only a peer on this host can read. spec/xcp.md §16.2 */
export interface SharedMemoryProbe {
  /** Where the object is. */
  readonly uri: string;
  /** SHA-256 of its content. */
  readonly sha256: Uint8Array;
  /** Whether `proof` shows that the peer read the content. */
  verify(proof: Uint8Array, initiatorNonce: Uint8Array | undefined): boolean;
  /** Unlinks the object; called once, whatever the outcome. */
  dispose(): void;
}

/** Proves that both ends are on one host. Implementations live where shared memory does. spec/xcp.md §16.2 */
export interface SharedMemoryProof {
  /** Initiator: creates an object with random content, or `undefined` where that is impossible. */
  createProbe(): SharedMemoryProbe | undefined;
  /** Responder: reads the peer's object and returns the proof, or `undefined` when it cannot. */
  prove(
    probe: { readonly uri: string; readonly sha256: Uint8Array },
    initiatorNonce: Uint8Array | undefined,
  ): Uint8Array | undefined;
}

/** Answers a clarification that the peer asks about one of our messages. spec/xcp.md §8 */
export type ClarifyHandler = (
  request: ClarifyReq,
  connection: Connection,
) => Omit<ClarifyRes, "msgId"> | Promise<Omit<ClarifyRes, "msgId">>;

/** Answers a confirmation that the peer asks about one of our messages. spec/xcp.md §8 */
export type ConfirmHandler = (
  request: ConfirmReq,
  connection: Connection,
) => Omit<ConfirmRes, "msgId"> | Promise<Omit<ConfirmRes, "msgId">>;

/** How a connection behaves. Everything but `platform` has a default. */
export interface ConnectionOptions {
  /** Time, randomness, cryptography and compression: `nodePlatform` or `webPlatform`. */
  readonly platform: Platform;
  /** Resource limits; see `XcpLimitTable`. */
  readonly limits?: Partial<XcpLimits>;
  /** Supported codec ids, best first. Default PROTOBUF, JSON. */
  readonly codecs?: readonly number[];
  /** Default `Any`. */
  readonly codecPolicy?: CodecPolicy;
  /** Kinds this side understands; empty or absent = every kind. */
  readonly accepts?: readonly KindRange[];
  /** Kinds this side sends; empty or absent = every kind. */
  readonly emits?: readonly KindRange[];
  /** Adapters this side runs for its peer. §19 */
  readonly converters?: readonly Converter[];
  /** Optional features. */
  readonly features?: FeatureOptions;
  /** The shared secret of CRYPT, 32 bytes; `"tls"` takes it from the transport's TLS exporter. §12 */
  readonly key?: Uint8Array | "tls";
  /** Default `allowed` with a key, else `off`. */
  readonly cryptPolicy?: CryptPolicy;
  /** Default `v0.2` for an initiator, `auto` for a responder. */
  readonly profile?: ProfileChoice;
  /** Whether a responder with profile `auto` also serves v0.1. Default false. §5.2 */
  readonly acceptV01?: boolean;
  /** When and how hard bodies are compressed. */
  readonly compression?: CompressionOptions;
  /** Free text for the peer's logs. */
  readonly agent?: string;
  /** A credential for the peer's `verifyAuth`. Never logged. */
  readonly auth?: Uint8Array;
  /** Judges the peer's credential; a connection whose peer is refused never opens. Default: everyone may. */
  readonly verifyAuth?: (credential: Credential) => boolean | Promise<boolean>;
  /** The most tokens, and vector dimensions, one message may have: tells peers before they send. §6 */
  readonly maxTokens?: number;
  /** See {@link ConnectionOptions.maxTokens}. */
  readonly maxVectorDims?: number;
  /** Receives messages. Without one, every request is refused with `xcp.app_unavailable`. */
  readonly handler?: MessageHandler;
  /** Message types that `handler` understands besides DATA; absent = every type from 0x0200 on. §17 */
  readonly msgTypes?: readonly number[];
  /** Receives large messages without gathering them. */
  readonly onStream?: StreamHandler;
  /** Without one, clarifications are declined. */
  readonly onClarify?: ClarifyHandler;
  /** Without one, confirmations are answered with no. */
  readonly onConfirm?: ConfirmHandler;
  /** Learns that the peer gave a lease back. §16.3 */
  readonly onRelease?: (release: Release, connection: Connection) => void;
  /** Offers shared memory; the peer's proof decides. */
  readonly sharedMemory?: SharedMemoryProof;
  /** Where logs, metrics and traces go. Default: nowhere. */
  readonly telemetry?: Telemetry;
  /** Milliseconds until a request fails; 0 = never. Default 30 000. */
  readonly requestTimeoutMs?: number;
  /** Responder: where sessions wait for their peer to come back. Default: nowhere, sessions end with the connection. */
  readonly sessions?: SessionStore;
  /** Initiator: the session to continue, kept by the caller across connections. */
  readonly session?: SessionMemory;
  /** Lets plain TCP leave this host. Read by the transports. §20 */
  readonly allowInsecure?: boolean;
}
