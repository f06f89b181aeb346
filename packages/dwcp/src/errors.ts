import { WireError, type WireErrorOptions } from "@proj/wire-types";

/** Why streams, sessions and transfers fail, each with its number on the wire. spec/dwcp.md B9 */
export const DwcpCodes = {
  "dwcp.protocol": { wire: 1, scope: "stream", retryable: false },
  "dwcp.version": { wire: 2, scope: "connection", retryable: false },
  "dwcp.auth_failed": { wire: 3, scope: "connection", retryable: false },
  "dwcp.unknown_session": { wire: 4, scope: "connection", retryable: true },
  "dwcp.stream_limit": { wire: 5, scope: "stream", retryable: false },
  "dwcp.frame_too_large": { wire: 6, scope: "stream", retryable: false },
  "dwcp.header_crc": { wire: 7, scope: "stream", retryable: true },
  "dwcp.unit_crc": { wire: 8, scope: "message", retryable: true },
  "dwcp.decode": { wire: 9, scope: "message", retryable: true },
  "dwcp.integrity": { wire: 10, scope: "message", retryable: false },
  "dwcp.baseline_missing": { wire: 11, scope: "message", retryable: true },
  "dwcp.baseline_mismatch": { wire: 12, scope: "message", retryable: true },
  "dwcp.dict_missing": { wire: 13, scope: "message", retryable: true },
  "dwcp.conflict": { wire: 14, scope: "message", retryable: false },
  "dwcp.no_space": { wire: 15, scope: "message", retryable: true },
  "dwcp.cancelled": { wire: 16, scope: "message", retryable: false },
  "dwcp.timeout": { wire: 17, scope: "message", retryable: true },
  "dwcp.session_lost": { wire: 18, scope: "connection", retryable: true },
  "dwcp.shutdown": { wire: 19, scope: "connection", retryable: true },
  "dwcp.invalid_config": { wire: 20, scope: "message", retryable: false },
  "dwcp.unsupported": { wire: 21, scope: "connection", retryable: false },
  "dwcp.source_changed": { wire: 22, scope: "message", retryable: false },
  "dwcp.circuit_open": { wire: 23, scope: "message", retryable: true },
  "dwcp.limit": { wire: 24, scope: "message", retryable: false },
  "dwcp.disabled": { wire: 25, scope: "message", retryable: false },
} as const;

/** One of {@link DwcpCodes}. */
export type DwcpCode = keyof typeof DwcpCodes;

/** Every error that this package throws, apart from a caller's own misuse. */
export class DwcpError extends WireError {
  /** Names the failure. */
  declare readonly code: DwcpCode;

  /** `message` is for people and carries the numbers. */
  constructor(code: DwcpCode, message: string, options?: WireErrorOptions) {
    super(code, DwcpCodes[code], message, options);
  }
}

/** Finds the code behind a number of the wire, or `undefined` where this version knows none. spec/dwcp.md B9 */
export function dwcpCodeOf(wire: number): DwcpCode | undefined {
  return codesByNumber.get(wire);
}

const codesByNumber: ReadonlyMap<number, DwcpCode> = new Map(
  Object.entries(DwcpCodes).map(([code, { wire }]) => [wire, code as DwcpCode]),
);
