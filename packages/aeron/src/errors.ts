import { WireError, type WireErrorOptions } from "@proj/wire-types";

/** Why a client, a publication, a subscription or a driver failed. */
export const AeronCodes = {
  "aeron.no_driver": { scope: "connection", retryable: true },
  "aeron.driver_active": { scope: "connection", retryable: false },
  "aeron.driver_timeout": { scope: "connection", retryable: true },
  "aeron.client_timeout": { scope: "connection", retryable: true },
  "aeron.responses_lost": { scope: "connection", retryable: true },
  "aeron.closed": { scope: "connection", retryable: false },
  "aeron.command_timeout": { scope: "message", retryable: true },
  "aeron.command_full": { scope: "message", retryable: true },
  "aeron.refused": { scope: "message", retryable: false },
  "aeron.channel_invalid": { scope: "message", retryable: false },
  "aeron.file_invalid": { scope: "connection", retryable: false },
  "aeron.malformed_frame": { scope: "stream", retryable: false },
  "aeron.malformed_command": { scope: "message", retryable: false },
  "aeron.too_large": { scope: "message", retryable: false },
  "aeron.unsupported_platform": { scope: "connection", retryable: false },
} as const;

/** One of {@link AeronCodes}. */
export type AeronCode = keyof typeof AeronCodes;

/** Every error that this package throws, apart from a caller's own misuse. */
export class AeronError extends WireError {
  /** Names the failure. */
  declare readonly code: AeronCode;

  /** `message` is for people and carries the numbers. */
  constructor(code: AeronCode, message: string, options?: WireErrorOptions) {
    super(code, AeronCodes[code], message, options);
  }
}

/** What a driver answers when it refuses a command. spec/aeron.md §5 */
export const DriverError = {
  INVALID_CHANNEL: 1,
  UNKNOWN_SUBSCRIPTION: 2,
  UNKNOWN_PUBLICATION: 3,
  CHANNEL_ENDPOINT: 4,
  UNKNOWN_COUNTER: 5,
  UNKNOWN_COMMAND: 6,
  MALFORMED_COMMAND: 7,
  NOT_SUPPORTED: 8,
  UNKNOWN_HOST: 9,
  RESOURCE_UNAVAILABLE: 10,
  GENERIC: 11,
  STORAGE_SPACE: 12,
  IMAGE_REJECTED: 13,
  PUBLICATION_REVOKED: 14,
} as const;
