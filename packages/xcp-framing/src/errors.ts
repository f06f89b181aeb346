import { type CodeInfo, WireError, type WireErrorOptions } from "@proj/wire-types";

/** A row of {@link XcpCodes}: adds the code that a peer without `features` is sent instead. */
export interface XcpCodeInfo extends CodeInfo {
  /** The number on the wire. */
  readonly wire: number;
  /** The base code of the same failure, which every peer knows. */
  readonly base: number;
}

/** Why a frame, a message or a session failed. spec/xcp.md §9 */
export const XcpCodes = {
  "xcp.schema_unknown": { wire: 0x0001, base: 0x0001, scope: "message", retryable: false },
  "xcp.codec_unsupported": { wire: 0x0002, base: 0x0002, scope: "message", retryable: false },
  "xcp.message_too_large": { wire: 0x0003, base: 0x0003, scope: "message", retryable: false },
  "xcp.kind_mismatch": { wire: 0x0004, base: 0x0004, scope: "message", retryable: false },
  "xcp.bad_magic": { wire: 0x0100, base: 0x0002, scope: "connection", retryable: false },
  "xcp.version_unsupported": { wire: 0x0101, base: 0x0002, scope: "connection", retryable: false },
  "xcp.flags_reserved": { wire: 0x0102, base: 0x0002, scope: "connection", retryable: false },
  "xcp.header_malformed": { wire: 0x0103, base: 0x0002, scope: "connection", retryable: false },
  "xcp.crc_mismatch": { wire: 0x0104, base: 0x0002, scope: "message", retryable: true },
  "xcp.frame_truncated": { wire: 0x0105, base: 0x0002, scope: "connection", retryable: false },
  "xcp.chunk_state": { wire: 0x0106, base: 0x0002, scope: "message", retryable: true },
  "xcp.chunk_timeout": { wire: 0x0107, base: 0x0002, scope: "message", retryable: true },
  "xcp.length_overflow": { wire: 0x0108, base: 0x0003, scope: "connection", retryable: false },
  "xcp.hello_expected": { wire: 0x0200, base: 0x0002, scope: "connection", retryable: false },
  "xcp.hello_timeout": { wire: 0x0201, base: 0x0002, scope: "connection", retryable: false },
  "xcp.hello_invalid": { wire: 0x0202, base: 0x0002, scope: "connection", retryable: false },
  "xcp.no_common_codec": { wire: 0x0203, base: 0x0002, scope: "connection", retryable: false },
  "xcp.codec_policy": { wire: 0x0204, base: 0x0002, scope: "message", retryable: false },
  "xcp.codec_not_negotiated": { wire: 0x0205, base: 0x0002, scope: "message", retryable: false },
  "xcp.msgtype_unknown": { wire: 0x0206, base: 0x0002, scope: "message", retryable: false },
  "xcp.channel_limit": { wire: 0x0207, base: 0x0002, scope: "message", retryable: true },
  "xcp.busy": { wire: 0x0208, base: 0x0002, scope: "message", retryable: true },
  "xcp.replay": { wire: 0x0209, base: 0x0002, scope: "message", retryable: false },
  "xcp.going_away": { wire: 0x020a, base: 0x0002, scope: "message", retryable: true },
  "xcp.timeout": { wire: 0x020b, base: 0x0002, scope: "message", retryable: true },
  "xcp.cancelled": { wire: 0x020c, base: 0x0002, scope: "message", retryable: false },
  "xcp.body_malformed": { wire: 0x0300, base: 0x0002, scope: "message", retryable: false },
  "xcp.compression": { wire: 0x0301, base: 0x0002, scope: "message", retryable: false },
  "xcp.decompressed_too_large": { wire: 0x0302, base: 0x0003, scope: "message", retryable: false },
  "xcp.tensor_header": { wire: 0x0303, base: 0x0002, scope: "message", retryable: false },
  "xcp.tensor_size": { wire: 0x0304, base: 0x0002, scope: "message", retryable: false },
  "xcp.attachment_invalid": { wire: 0x0305, base: 0x0002, scope: "message", retryable: false },
  "xcp.shm_unavailable": { wire: 0x0306, base: 0x0002, scope: "message", retryable: true },
  "xcp.device_unavailable": { wire: 0x0307, base: 0x0002, scope: "message", retryable: false },
  "xcp.ether_invalid": { wire: 0x0400, base: 0x0004, scope: "message", retryable: false },
  "xcp.schema_version": { wire: 0x0401, base: 0x0001, scope: "message", retryable: false },
  "xcp.schema_hash": { wire: 0x0402, base: 0x0001, scope: "message", retryable: false },
  "xcp.no_adapter": { wire: 0x0403, base: 0x0001, scope: "message", retryable: false },
  "xcp.adapter_failed": { wire: 0x0404, base: 0x0001, scope: "message", retryable: false },
  "xcp.validation": { wire: 0x0405, base: 0x0004, scope: "message", retryable: false },
  "xcp.clarification_failed": { wire: 0x0406, base: 0x0004, scope: "message", retryable: false },
  "xcp.clarification_declined": { wire: 0x0407, base: 0x0004, scope: "message", retryable: false },
  "xcp.decrypt_failed": { wire: 0x0500, base: 0x0002, scope: "message", retryable: false },
  "xcp.crypt_required": { wire: 0x0501, base: 0x0002, scope: "connection", retryable: false },
  "xcp.key_expired": { wire: 0x0502, base: 0x0002, scope: "message", retryable: true },
  "xcp.auth_required": { wire: 0x0503, base: 0x0002, scope: "connection", retryable: false },
  "xcp.auth_failed": { wire: 0x0504, base: 0x0002, scope: "connection", retryable: false },
  "xcp.app": { wire: 0x0600, base: 0x0004, scope: "message", retryable: false },
  "xcp.app_not_found": { wire: 0x0601, base: 0x0004, scope: "message", retryable: false },
  "xcp.app_unavailable": { wire: 0x0602, base: 0x0004, scope: "message", retryable: true },
} as const;

/** One of {@link XcpCodes}. */
export type XcpCode = keyof typeof XcpCodes;

/** Every error that this package throws or reports. */
export class XcpError extends WireError {
  /** One of {@link XcpCodes}. */
  declare readonly code: XcpCode;

  /** `message` is for people and carries the numbers. */
  constructor(code: XcpCode, message: string, options?: WireErrorOptions) {
    super(code, XcpCodes[code], message, options);
  }
}

const byWire = new Map<number, XcpCode>(
  Object.entries(XcpCodes).map(([code, info]) => [info.wire, code as XcpCode]),
);

/** The code whose number on the wire is `wire`, or `undefined` for an unknown or private one. */
export function xcpCodeOf(wire: number): XcpCode | undefined {
  return byWire.get(wire);
}
