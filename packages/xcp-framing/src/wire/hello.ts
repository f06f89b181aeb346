import type { Converter, KindRange } from "@proj/wire-types";
import { XcpError } from "../errors.js";
import { type ControlCodec, decodeBody, encodeBody } from "./control-body.js";
import { type BodySchema, bodySchema } from "./control-schema.js";

export type { ControlCodec } from "./control-body.js";

/** A shared-memory object whose content only a process on the same host can read. spec/xcp.md §16.2 */
export interface ShmProbe {
  /** Where it is. */
  readonly uri: string;
  /** SHA-256 of its content, 32 bytes. */
  readonly sha256: Uint8Array;
}

/**
 * The body of HELLO, CAPS and NEGOTIATE.
 *
 * `undefined` = not on the wire; the defaults of §6 are for the session to apply.
 */
export interface Hello {
  /** Ids in order of preference. */
  readonly codecs: readonly number[];
  /** Largest PLEN accepted, at least 32. */
  readonly maxFrameBytes?: number | undefined;
  /** Kinds accepted; none = every kind. */
  readonly accepts: readonly KindRange[];
  /** Kinds emitted; none = every kind. */
  readonly emits: readonly KindRange[];
  /** Whether shared memory may be used. */
  readonly sharedMem: boolean;
  /** Major protocol version. */
  readonly verMajor?: number | undefined;
  /** Minor protocol version. */
  readonly verMinor?: number | undefined;
  /** For logs. */
  readonly agent?: string | undefined;
  /** Bits of {@link Feature}, the low 32; `undefined` from a peer that knows base features only. */
  readonly features: number | undefined;
  /** Largest message accepted, reassembled and decompressed. */
  readonly maxMessageBytes?: number | undefined;
  /** DATA messages the peer may leave unanswered. */
  readonly maxInflight?: number | undefined;
  /** Ids remembered, 64..65 536. */
  readonly dedupWindow?: number | undefined;
  /** Adapters run here. */
  readonly converters?: readonly Converter[] | undefined;
  /** 0 Any, 1 BinaryPreferred, 2 BinaryRequired; §15.3. */
  readonly codecPolicy?: number | undefined;
  /** 16 fresh random bytes; §12. */
  readonly sessionNonce?: Uint8Array | undefined;
  /** 16 bytes that the initiator chose; §10. */
  readonly sessionId?: Uint8Array | undefined;
  /** §16.2 */
  readonly shmProbe?: ShmProbe | undefined;
  /** 32 bytes; §16.2. */
  readonly shmProof?: Uint8Array | undefined;
  /** A credential, opaque here. */
  readonly auth?: Uint8Array | undefined;
  /** Limit that saves a clarification. */
  readonly maxTokens?: number | undefined;
  /** Limit that saves a clarification. */
  readonly maxVectorDims?: number | undefined;
}

const MIN_FRAME_BYTES = 32;
const MIN_DEDUP_WINDOW = 64;
const MAX_DEDUP_WINDOW = 65_536;
const MAX_CODEC_POLICY = 2;

const u32 = { kind: "u32" } as const;
const u16 = { kind: "u16" } as const;

const KIND_RANGE: BodySchema<KindRange> = bodySchema<KindRange>("KindRange", {
  kindId: { number: 1, name: "kind_id", type: u32, inJson: "always" },
  major: { number: 2, name: "major", type: u16, inJson: "always" },
  minMinor: { number: 3, name: "min_minor", type: u16, inJson: "always" },
  maxMinor: { number: 4, name: "max_minor", type: u16, inJson: "always" },
});

const CONVERTER: BodySchema<Converter> = bodySchema<Converter>("Converter", {
  fromKind: { number: 1, name: "from_kind", type: u32 },
  fromMajor: { number: 2, name: "from_major", type: u16 },
  toKind: { number: 3, name: "to_kind", type: u32 },
  toMajor: { number: 4, name: "to_major", type: u16 },
  cost: { number: 5, name: "cost", type: u32 },
});

const SHM_PROBE: BodySchema<ShmProbe> = bodySchema<ShmProbe>("ShmProbe", {
  uri: { number: 1, name: "uri", type: { kind: "text", maxBytes: 4096 } },
  sha256: { number: 2, name: "sha256", type: { kind: "bytes", length: 32 } },
});

// The first five stand in the order in which the reference implementation writes them.
const HELLO: BodySchema<Hello> = bodySchema<Hello>("Hello", {
  codecs: { number: 1, name: "codecs", type: u16, presence: "many", inJson: "always" },
  maxFrameBytes: { number: 2, name: "max_frame_bytes", type: u32, presence: "maybe" },
  sharedMem: { number: 5, name: "shared_mem", type: { kind: "bool" }, inJson: "always" },
  accepts: {
    number: 3,
    name: "accepts",
    type: { kind: "message", schema: KIND_RANGE },
    presence: "many",
    inJson: "always",
  },
  emits: {
    number: 4,
    name: "emits",
    type: { kind: "message", schema: KIND_RANGE },
    presence: "many",
    inJson: "always",
  },
  verMajor: { number: 16, name: "ver_major", type: u16, presence: "maybe" },
  verMinor: { number: 17, name: "ver_minor", type: u16, presence: "maybe" },
  agent: { number: 18, name: "agent", type: { kind: "text" }, presence: "maybe" },
  features: { number: 19, name: "features", type: { kind: "bits" }, presence: "explicit" },
  maxMessageBytes: {
    number: 20,
    name: "max_message_bytes",
    type: { kind: "count" },
    presence: "maybe",
  },
  maxInflight: { number: 21, name: "max_inflight", type: u32, presence: "maybe" },
  dedupWindow: { number: 22, name: "dedup_window", type: u32, presence: "maybe" },
  converters: {
    number: 23,
    name: "converters",
    type: { kind: "message", schema: CONVERTER },
    presence: "maybeMany",
  },
  codecPolicy: { number: 24, name: "codec_policy", type: u32, presence: "maybe" },
  sessionNonce: {
    number: 25,
    name: "session_nonce",
    type: { kind: "bytes", length: 16 },
    presence: "maybe",
  },
  sessionId: {
    number: 26,
    name: "session_id",
    type: { kind: "bytes", length: 16 },
    presence: "maybe",
  },
  shmProbe: {
    number: 27,
    name: "shm_probe",
    type: { kind: "message", schema: SHM_PROBE },
    presence: "maybe",
  },
  shmProof: {
    number: 28,
    name: "shm_proof",
    type: { kind: "bytes", length: 32 },
    presence: "maybe",
  },
  auth: { number: 29, name: "auth", type: { kind: "bytes" }, presence: "maybe" },
  maxTokens: { number: 30, name: "max_tokens", type: u32, presence: "maybe" },
  maxVectorDims: { number: 31, name: "max_vector_dims", type: u32, presence: "maybe" },
});

/**
 * Encodes a Hello into a new buffer.
 *
 * @throws RangeError for a value that its field cannot hold.
 * @see spec/xcp.md §6
 */
export function encodeHello(hello: Hello, codec: ControlCodec): Uint8Array {
  return encodeBody(HELLO, hello, codec);
}

/**
 * Decodes a Hello. Nothing in the result refers to `bytes`.
 *
 * @throws XcpError `xcp.hello_invalid`
 * @see spec/xcp.md §6
 */
export function decodeHello(bytes: Uint8Array, codec: ControlCodec): Hello {
  let hello: Hello;
  try {
    hello = decodeBody(HELLO, bytes, codec);
  } catch (cause) {
    throw new XcpError("xcp.hello_invalid", "the body is not a Hello", { cause });
  }
  checkRange("max_frame_bytes", hello.maxFrameBytes, MIN_FRAME_BYTES, Infinity);
  checkRange("dedup_window", hello.dedupWindow, MIN_DEDUP_WINDOW, MAX_DEDUP_WINDOW);
  checkRange("codec_policy", hello.codecPolicy, 0, MAX_CODEC_POLICY);
  return hello;
}

function checkRange(name: string, value: number | undefined, min: number, max: number): void {
  if (value === undefined || (value >= min && value <= max)) return;
  throw new XcpError("xcp.hello_invalid", `${name} ${value} is not in ${min}..${max}`);
}
