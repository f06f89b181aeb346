import { WireError, type WireErrorOptions } from "@proj/wire-types";

/**
 * Why a packet, a handshake, a transfer or a stream failed. Where `wire` is set it is the status code of spec/dcquic.md
 * §15; the others never travel.
 */
export const DcquicCodes = {
  "dcquic.cancelled": { wire: 1, scope: "stream", retryable: false },
  "dcquic.rejected": { wire: 2, scope: "stream", retryable: false },
  "dcquic.overloaded": { wire: 3, scope: "stream", retryable: true },
  "dcquic.no_acceptor": { wire: 4, scope: "stream", retryable: false },
  "dcquic.dependency_failed": { wire: 5, scope: "stream", retryable: false },
  "dcquic.peer_timeout": { wire: 6, scope: "stream", retryable: true },
  "dcquic.peer_failed": { wire: 7, scope: "stream", retryable: true },
  "dcquic.peer_probing": { wire: 8, scope: "stream", retryable: true },
  "dcquic.peer_state_lost": { wire: 9, scope: "stream", retryable: true },
  "dcquic.integrity_failed": { wire: 10, scope: "stream", retryable: false },
  "dcquic.app_terminated": { wire: 11, scope: "stream", retryable: false },
  "dcquic.going_away": { wire: 12, scope: "stream", retryable: true },
  "dcquic.deadline": { wire: 13, scope: "stream", retryable: false },
  "dcquic.limit": { wire: 14, scope: "stream", retryable: true },
  "dcquic.protocol": { wire: 15, scope: "connection", retryable: false },
  "dcquic.placement_failed": { wire: 16, scope: "stream", retryable: false },
  "dcquic.local_resource": { wire: 17, scope: "stream", retryable: true },
  "dcquic.app": { wire: 256, scope: "stream", retryable: false },
  "dcquic.malformed": { scope: "message", retryable: false },
  "dcquic.unknown_frame": { scope: "message", retryable: false },
  "dcquic.too_large": { scope: "message", retryable: false },
  "dcquic.handshake_failed": { scope: "connection", retryable: true },
  "dcquic.key_exhausted": { scope: "connection", retryable: true },
  "dcquic.bad_descriptor": { scope: "connection", retryable: false },
} as const;

/** One of {@link DcquicCodes}. */
export type DcquicCode = keyof typeof DcquicCodes;

/** Every error that this package throws or reports. */
export class DcquicError extends WireError {
  /** One of {@link DcquicCodes}. */
  declare readonly code: DcquicCode;

  /** `message` is for people and carries the numbers. */
  constructor(code: DcquicCode, message: string, options?: WireErrorOptions) {
    super(code, DcquicCodes[code], message, options);
  }
}

const FIRST_APP_STATUS = 256;

const byStatus = new Map<number, DcquicCode>();
for (const [code, info] of Object.entries(DcquicCodes)) {
  if ("wire" in info) byStatus.set(info.wire, code as DcquicCode);
}

/**
 * The code of a status that travelled: application statuses are all `dcquic.app`, one that §15 does not name is
 * `dcquic.protocol`.
 */
export function dcquicCodeOf(status: number): DcquicCode {
  if (status >= FIRST_APP_STATUS) return "dcquic.app";
  return byStatus.get(status) ?? "dcquic.protocol";
}
