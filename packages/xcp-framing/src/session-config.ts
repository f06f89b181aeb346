import {
  advertisedCodecs,
  CodecId,
  type CodecPolicy,
  type Converter,
  type KindRange,
  silentTelemetry,
  type Telemetry,
  type TransportInfo,
} from "@proj/wire-types";
import type {
  ConnectionOptions,
  CryptPolicy,
  ProfileChoice,
  Role,
  SharedMemoryProof,
} from "./connection-options.js";
import { XcpError } from "./errors.js";
import { EXPORTER_LABEL } from "./key-schedule.js";
import { resolveXcpLimits, type XcpLimits } from "./limits.js";
import type { Platform } from "./platform.js";
import type { SessionMemory, SessionStore } from "./session-memory.js";
import { Feature } from "./wire/constants.js";

const KEY_BYTES = 32;
const RESERVED_CODEC = 0x00ff;

/** {@link ConnectionOptions} with every default filled in and every contradiction refused. */
export interface SessionConfig {
  readonly role: Role;
  readonly profile: ProfileChoice;
  readonly acceptV01: boolean;
  readonly platform: Omit<Platform, "time">;
  readonly limits: XcpLimits;
  /** As advertised: the policy is applied. */
  readonly codecs: readonly number[];
  readonly codecPolicy: CodecPolicy;
  readonly accepts: readonly KindRange[];
  readonly emits: readonly KindRange[];
  readonly converters: readonly Converter[];
  /** Bits of {@link Feature} to offer. */
  readonly features: number;
  readonly key: Uint8Array | undefined;
  readonly cryptPolicy: CryptPolicy;
  /** Level of automatic compression; `undefined` = none. */
  readonly compressionLevel: number | undefined;
  /** Level for messages that ask for compression without naming one. */
  readonly messageLevel: number;
  readonly agent: string | undefined;
  readonly auth: Uint8Array | undefined;
  /** Whether the driver judges the peer's credential before the session opens. */
  readonly authorizes: boolean;
  readonly maxTokens: number | undefined;
  readonly maxVectorDims: number | undefined;
  /** Types besides DATA to deliver; `undefined` = all from 0x0200. */
  readonly msgTypes: ReadonlySet<number> | undefined;
  readonly sharedMemory: SharedMemoryProof | undefined;
  readonly requestTimeoutUs: number;
  readonly sessions: SessionStore | undefined;
  readonly session: SessionMemory | undefined;
  readonly info: TransportInfo;
  /** `messages`: every frame is written, and arrives, alone. */
  readonly framing: "bytes" | "messages";
  readonly telemetry: Telemetry;
}

/**
 * Completes the options of one connection.
 *
 * @throws RangeError for values that no connection can have
 * @throws XcpError `xcp.codec_policy` for BinaryRequired with the v0.2-json profile, `xcp.crypt_required` for a required
 *   encryption without a key
 */
export function resolveSessionConfig(
  options: ConnectionOptions,
  role: Role,
  transport: { readonly info: TransportInfo; readonly framing: "bytes" | "messages" },
): SessionConfig {
  const codecPolicy = options.codecPolicy ?? "Any";
  const profile = options.profile ?? (role === "initiator" ? "v0.2" : "auto");
  if (profile === "v0.2-json" && codecPolicy === "BinaryRequired") {
    throw new XcpError("xcp.codec_policy", "BinaryRequired excludes the v0.2-json profile");
  }
  const key = resolveKey(options.key, transport.info);
  const cryptPolicy = options.cryptPolicy ?? (key === undefined ? "off" : "allowed");
  if (cryptPolicy === "required" && key === undefined) {
    throw new XcpError("xcp.crypt_required", "encryption is required but there is no key");
  }
  const level = options.compression?.level ?? 3;
  return {
    role,
    profile,
    acceptV01: options.acceptV01 ?? false,
    platform: options.platform,
    limits: resolveXcpLimits(options.limits),
    codecs: advertisedCodecs(checkCodecs(options.codecs), codecPolicy),
    codecPolicy,
    accepts: options.accepts ?? [],
    emits: options.emits ?? [],
    converters: options.converters ?? [],
    features: offeredFeatures(options, key !== undefined && cryptPolicy !== "off"),
    key: cryptPolicy === "off" ? undefined : key,
    cryptPolicy,
    compressionLevel: compresses(options, transport.info) ? level : undefined,
    messageLevel: level,
    agent: options.agent,
    auth: options.auth,
    authorizes: options.verifyAuth !== undefined,
    maxTokens: options.maxTokens,
    maxVectorDims: options.maxVectorDims,
    msgTypes: options.msgTypes === undefined ? undefined : new Set(options.msgTypes),
    sharedMemory: options.sharedMemory,
    requestTimeoutUs: (options.requestTimeoutMs ?? 30_000) * 1000,
    sessions: options.sessions,
    session: options.session,
    info: transport.info,
    framing: transport.framing,
    telemetry: options.telemetry ?? silentTelemetry,
  };
}

function resolveKey(key: ConnectionOptions["key"], info: TransportInfo): Uint8Array | undefined {
  if (key === undefined) return undefined;
  if (key === "tls") {
    if (info.exportKey === undefined) {
      throw new RangeError(`transport ${info.transport} exports no keying material`);
    }
    return info.exportKey(KEY_BYTES, EXPORTER_LABEL);
  }
  if (key.length !== KEY_BYTES) {
    throw new RangeError(`key of ${key.length} bytes, ${KEY_BYTES} needed`);
  }
  return key;
}

function checkCodecs(codecs: readonly number[] | undefined): readonly number[] {
  if (codecs === undefined) return [CodecId.PROTOBUF, CodecId.JSON];
  const wrong = codecs.filter(
    (id) => !Number.isInteger(id) || id <= 0 || id > 0xffff || id === RESERVED_CODEC,
  );
  if (wrong.length > 0) throw new RangeError(`no such codec ids: ${wrong.join(", ")}`);
  if (new Set(codecs).size !== codecs.length) throw new RangeError("a codec id is listed twice");
  return codecs;
}

function compresses(options: ConnectionOptions, info: TransportInfo): boolean {
  if (options.platform.zstd.compress === undefined) return false;
  const mode = options.compression?.mode ?? "auto";
  return mode === "on" || (mode === "auto" && !info.local);
}

function offeredFeatures(options: ConnectionOptions, encrypts: boolean): number {
  const chosen = options.features ?? {};
  let bits = 0;
  if (chosen.ackreq ?? true) bits |= Feature.ACKREQ;
  if (encrypts) bits |= Feature.AEAD;
  if (chosen.tensorExtension ?? false) bits |= Feature.TENSOR_EXTENSION;
  if (chosen.dlpack ?? false) bits |= Feature.DLPACK;
  if (options.sharedMemory !== undefined) bits |= Feature.SHM_PROOF;
  if (chosen.clarification ?? true) bits |= Feature.CLARIFICATION;
  if (chosen.goaway ?? true) bits |= Feature.GOAWAY;
  return bits;
}
