import type { DwcpLimits } from "../limits.js";
import type { Crc32 } from "../wire/crc32.js";
import type { SessionIdentity } from "./session-identity.js";

/** How a session behaves where the specification leaves a choice. spec/dwcp.md B16 */
export interface SessionTuning {
  /** Longest unit, in encoded bytes: `transport.chunkBytes`. */
  readonly chunkBytes: number;
  /** Encoded bytes that the peer may have under way to this side: `transport.creditBytes`. */
  readonly creditBytes: number;
  /** How long a stream may be silent before its units go elsewhere: `transport.stallTimeoutMs`. */
  readonly stallUs: number;
  /** How long an idle stream may be silent before it is asked. */
  readonly keepaliveUs: number;
  /** Upper bound of all streams together, in bytes per second; Infinity sets none: `transport.pacingRateBitsPerSecond` / 8. */
  readonly rateLimit: number;
  /** `measured`: sending is paced and its flight bounded by what arrives; `off`: only by `rateLimit` and credit. */
  readonly pacing: "measured" | "off";
}

/** The defaults of spec/dwcp.md B16. */
export const DEFAULT_TUNING: SessionTuning = {
  chunkBytes: 262_144,
  creditBytes: 67_108_864,
  stallUs: 2_000_000,
  keepaliveUs: 15_000_000,
  rateLimit: Number.POSITIVE_INFINITY,
  pacing: "measured",
};

/** What a session is made of. */
export interface SessionOptions {
  /** Initiators choose odd transfer handles, responders even ones. */
  readonly role: "initiator" | "responder";
  readonly identity: SessionIdentity;
  readonly tuning: SessionTuning;
  readonly limits: DwcpLimits;
  readonly crc32: Crc32;
  /** In [0, 1): where in its cycle of gains the rate control begins. */
  readonly chance: number;
}
