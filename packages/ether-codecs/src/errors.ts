import { type CodeInfo, WireError, type WireErrorOptions } from "@proj/wire-types";

/** A row of {@link EtherCodes}: every failure of a body has a number. */
export interface EtherCodeInfo extends CodeInfo {
  /** The number on the wire. spec/xcp.md §9 */
  readonly wire: number;
}

/** Why a body, an Ether, a schema or an adapter failed. spec/xcp.md §9 */
export const EtherCodes = {
  "ether.schema_unknown": { wire: 0x0001, scope: "message", retryable: false },
  "ether.codec_unsupported": { wire: 0x0002, scope: "message", retryable: false },
  "ether.too_large": { wire: 0x0003, scope: "message", retryable: false },
  "ether.kind_mismatch": { wire: 0x0004, scope: "message", retryable: false },
  "ether.codec_policy": { wire: 0x0204, scope: "message", retryable: false },
  "ether.body_malformed": { wire: 0x0300, scope: "message", retryable: false },
  "ether.tensor_header": { wire: 0x0303, scope: "message", retryable: false },
  "ether.tensor_size": { wire: 0x0304, scope: "message", retryable: false },
  "ether.attachment_invalid": { wire: 0x0305, scope: "message", retryable: false },
  "ether.shm_unavailable": { wire: 0x0306, scope: "message", retryable: true },
  "ether.device_unavailable": { wire: 0x0307, scope: "message", retryable: false },
  "ether.ether_invalid": { wire: 0x0400, scope: "message", retryable: false },
  "ether.schema_version": { wire: 0x0401, scope: "message", retryable: false },
  "ether.schema_hash": { wire: 0x0402, scope: "message", retryable: false },
  "ether.no_adapter": { wire: 0x0403, scope: "message", retryable: false },
  "ether.adapter_failed": { wire: 0x0404, scope: "message", retryable: false },
  "ether.validation": { wire: 0x0405, scope: "message", retryable: false },
} as const;

/** One of {@link EtherCodes}. */
export type EtherCode = keyof typeof EtherCodes;

/** Every error that this package throws, apart from a caller's own misuse. */
export class EtherError extends WireError {
  /** Names the failure. */
  declare readonly code: EtherCode;

  /** `message` is for people and carries the numbers. */
  constructor(code: EtherCode, message: string, options?: WireErrorOptions) {
    super(code, EtherCodes[code], message, options);
  }
}

/**
 * Runs a decoder and turns what the shared floor reports about its input into `code`.
 *
 * An {@link EtherError} passes unchanged.
 */
export function decoding<T>(code: EtherCode, run: () => T): T {
  try {
    return run();
  } catch (thrown) {
    if (thrown instanceof WireError && !(thrown instanceof EtherError)) {
      throw new EtherError(code, thrown.message, { cause: thrown });
    }
    throw thrown;
  }
}
