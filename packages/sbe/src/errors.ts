import { WireError, type WireErrorOptions } from "@proj/wire-types";

/** Why a message could not be read or written, or a schema not be used. */
export const SbeCodes = {
  "sbe.truncated": { scope: "message", retryable: false },
  "sbe.wrong_schema": { scope: "message", retryable: false },
  "sbe.wrong_template": { scope: "message", retryable: false },
  "sbe.block_too_short": { scope: "message", retryable: false },
  "sbe.unknown_enum_value": { scope: "message", retryable: false },
  "sbe.out_of_order": { scope: "message", retryable: false },
  "sbe.buffer_full": { scope: "message", retryable: false },
  "sbe.too_large": { scope: "message", retryable: false },
  "sbe.schema_invalid": { scope: "message", retryable: false },
} as const;

/** One of {@link SbeCodes}. */
export type SbeCode = keyof typeof SbeCodes;

/** Every error that this package throws, apart from a caller's own misuse. */
export class SbeError extends WireError {
  /** Names the failure. */
  declare readonly code: SbeCode;

  /** `message` is for people and carries the numbers. */
  constructor(code: SbeCode, message: string, options?: WireErrorOptions) {
    super(code, SbeCodes[code], message, options);
  }
}
