import { CodecId, type CodecPolicy } from "@proj/wire-types";
import { codecPolicyNumber, codecPolicyOf, stricterPolicy } from "./codec-policy.js";
import { XcpError } from "./errors.js";
import type { SessionConfig } from "./session-config.js";
import { Feature, type Profile } from "./wire/constants.js";
import type { Hello, ShmProbe } from "./wire/hello.js";

const OWN_MINOR = 2;
const DEFAULT_MAX_FRAME_BYTES = 1_048_576;
const DEFAULT_MAX_MESSAGE_BYTES = 64 * 1_048_576;
const DEFAULT_MAX_INFLIGHT = 1024;
const DEFAULT_DEDUP_WINDOW = 4096;

/** What a HELLO says besides the configuration: things that are new in every connection. */
export interface HelloExtras {
  readonly sessionNonce?: Uint8Array | undefined;
  readonly sessionId?: Uint8Array | undefined;
  readonly shmProbe?: ShmProbe | undefined;
}

/** What both ends can compute from the two bodies. */
export interface Agreement {
  readonly minor: number;
  readonly codecs: readonly number[];
  readonly codecPolicy: CodecPolicy;
  readonly maxFrameBytes: number;
  readonly maxMessageBytes: number;
  readonly dedupWindow: number;
  readonly sendInflight: number;
  readonly receiveInflight: number;
  readonly features: number;
}

/** The initiator's HELLO. Profiles other than v0.2 know only its first five fields. spec/xcp.md §5.1, §6 */
export function makeHello(config: SessionConfig, profile: Profile, extras: HelloExtras): Hello {
  const base = {
    codecs: config.codecs,
    maxFrameBytes: config.limits.maxFrameBytes,
    accepts: config.accepts,
    emits: config.emits,
    sharedMem: profile === "v0.2" && extras.shmProbe !== undefined,
    features: undefined,
  };
  if (profile !== "v0.2") return base;
  return {
    ...base,
    ...ownFacts(config),
    features: config.features,
    maxMessageBytes: config.limits.maxMessageBytes,
    dedupWindow: config.limits.dedupWindow,
    sessionNonce: extras.sessionNonce,
    sessionId: extras.sessionId,
    shmProbe: extras.shmProbe,
  };
}

/** What a responder adds to the agreement in its CAPS. */
export interface CapsExtras {
  readonly sessionNonce?: Uint8Array | undefined;
  readonly sessionId?: Uint8Array | undefined;
  readonly shmProof?: Uint8Array | undefined;
}

/** The responder's CAPS. A peer that sent no `features` gets none. spec/xcp.md §6 */
export function makeCaps(
  config: SessionConfig,
  profile: Profile,
  agreement: Agreement,
  hello: Hello,
  extras: CapsExtras,
): Hello {
  const listed = config.codecs.filter((id) => agreement.codecs.includes(id));
  const base = {
    codecs: listed.length > 0 ? listed : agreement.codecs,
    maxFrameBytes: agreement.maxFrameBytes,
    accepts: config.accepts,
    emits: config.emits,
    sharedMem: extras.shmProof !== undefined,
    features: undefined,
  };
  if (profile !== "v0.2") return base;
  return {
    ...base,
    ...ownFacts(config),
    features: hello.features === undefined ? undefined : agreement.features,
    maxMessageBytes: agreement.maxMessageBytes,
    dedupWindow: agreement.dedupWindow,
    sessionNonce: extras.sessionNonce,
    sessionId: extras.sessionId,
    shmProof: extras.shmProof,
  };
}

function ownFacts(config: SessionConfig): Partial<Hello> {
  return {
    verMajor: 0,
    verMinor: OWN_MINOR,
    agent: config.agent,
    maxInflight: config.limits.maxInflight,
    converters: config.converters,
    codecPolicy: config.codecPolicy === "Any" ? undefined : codecPolicyNumber(config.codecPolicy),
    auth: config.auth,
    maxTokens: config.maxTokens,
    maxVectorDims: config.maxVectorDims,
  };
}

/**
 * The responder's computation, steps 1..5 and 7 of §6.
 *
 * @param ver The VER byte of the frame that carried `hello`.
 * @throws XcpError `xcp.hello_invalid`, `xcp.version_unsupported`, `xcp.no_common_codec`, `xcp.codec_policy`,
 *   `xcp.crypt_required`
 */
export function agreeWithHello(
  config: SessionConfig,
  profile: Profile,
  hello: Hello,
  ver: number,
): Agreement {
  const policy = stricterPolicy(config.codecPolicy, codecPolicyOf(hello.codecPolicy));
  if (profile !== "v0.2" && policy === "BinaryRequired") {
    throw new XcpError("xcp.codec_policy", `BinaryRequired excludes the ${profile} profile`);
  }
  const features = jointFeatures(config, hello.features);
  checkCrypt(config, features, hello);
  return {
    minor: jointMinor(hello, ver),
    codecs: jointCodecs(config.codecs, hello.codecs, policy),
    codecPolicy: policy,
    maxFrameBytes: Math.min(config.limits.maxFrameBytes, frameBytesOf(hello)),
    maxMessageBytes: Math.min(config.limits.maxMessageBytes, messageBytesOf(hello)),
    dedupWindow: Math.min(config.limits.dedupWindow, windowOf(hello)),
    sendInflight: inflightOf(hello),
    receiveInflight: config.limits.maxInflight,
    features,
  };
}

/**
 * The initiator's recheck: CAPS may grant what HELLO offered or something narrower, never more.
 *
 * Fields that CAPS leaves out grant nothing: their defaults are capped by the offer. The reference states its own frame
 * limit instead of the minimum, so v0.2-json takes the minimum without complaint.
 *
 * @throws XcpError as {@link agreeWithHello}
 */
export function agreeWithCaps(
  config: SessionConfig,
  profile: Profile,
  hello: Hello,
  caps: Hello,
  ver: number,
): Agreement {
  if (profile === "v0.2") checkGrants(hello, caps);
  const agreement = agreeWithHello(config, profile, caps, ver);
  if (profile !== "v0.2") return { ...agreement, codecs: [CodecId.JSON] };
  return { ...agreement, codecs: grantedCodecs(hello, caps, agreement.codecPolicy) };
}

function checkGrants(hello: Hello, caps: Hello): void {
  const exceeded = (["maxFrameBytes", "maxMessageBytes", "dedupWindow"] as const).find(
    (field) => (caps[field] ?? 0) > (hello[field] ?? Number.POSITIVE_INFINITY),
  );
  if (exceeded !== undefined) {
    throw invalid(`CAPS grants ${exceeded} ${caps[exceeded]}, offered ${hello[exceeded]}`);
  }
  const extra = (caps.features ?? 0) & ~(hello.features ?? 0) & ~Feature.NO_ZSTD;
  if (extra !== 0) throw invalid(`CAPS grants features 0x${extra.toString(16)} beyond the offer`);
  if (caps.sharedMem && !hello.sharedMem) {
    throw invalid("CAPS grants shared memory that was not offered");
  }
}

function grantedCodecs(hello: Hello, caps: Hello, policy: CodecPolicy): readonly number[] {
  const impliesJson = policy !== "BinaryRequired";
  const extra = caps.codecs.find(
    (id) => !hello.codecs.includes(id) && !(impliesJson && id === CodecId.JSON),
  );
  if (extra !== undefined) throw invalid(`CAPS grants codec ${extra} that was not offered`);
  return jointCodecs(caps.codecs, hello.codecs, policy);
}

// The first list decides the order; JSON is implied on both sides unless binary is required.
function jointCodecs(
  ordered: readonly number[],
  other: readonly number[],
  policy: CodecPolicy,
): readonly number[] {
  if (policy === "BinaryRequired") {
    const binary = ordered.filter((id) => id !== CodecId.JSON && other.includes(id));
    if (binary.length > 0) return binary;
    throw new XcpError("xcp.no_common_codec", "no binary codec in common under BinaryRequired");
  }
  const joint = ordered.filter((id) => id === CodecId.JSON || other.includes(id));
  return joint.includes(CodecId.JSON) ? joint : [...joint, CodecId.JSON];
}

function jointFeatures(config: SessionConfig, peer: number | undefined): number {
  const both = config.features & (peer ?? 0) & ~Feature.NO_ZSTD;
  return both | ((config.features | (peer ?? 0)) & Feature.NO_ZSTD);
}

function checkCrypt(config: SessionConfig, features: number, peer: Hello): void {
  if ((features & Feature.AEAD) !== 0) {
    if (peer.sessionNonce === undefined) throw invalid("feature AEAD without session_nonce");
  } else if (config.cryptPolicy === "required") {
    throw new XcpError("xcp.crypt_required", "the peer does not encrypt");
  }
}

function jointMinor(peer: Hello, ver: number): number {
  const major = peer.verMajor ?? ver >> 4;
  if (major > 0) {
    throw new XcpError("xcp.version_unsupported", `the peer speaks major version ${major}`);
  }
  return Math.min(OWN_MINOR, peer.verMinor ?? ver & 0x0f);
}

function frameBytesOf(peer: Hello): number {
  const stated = peer.maxFrameBytes ?? 0;
  return stated === 0 ? DEFAULT_MAX_FRAME_BYTES : stated;
}

function messageBytesOf(peer: Hello): number {
  const stated = peer.maxMessageBytes ?? 0;
  return stated === 0 ? DEFAULT_MAX_MESSAGE_BYTES : stated;
}

function windowOf(peer: Hello): number {
  return peer.dedupWindow ?? DEFAULT_DEDUP_WINDOW;
}

function inflightOf(peer: Hello): number {
  const stated = peer.maxInflight ?? 0;
  return stated === 0 ? DEFAULT_MAX_INFLIGHT : stated;
}

function invalid(message: string): XcpError {
  return new XcpError("xcp.hello_invalid", message);
}
