import { WireError, type WireErrorOptions } from "@proj/wire-types";

/** Why regions, producers and consumers fail. What is expected while they run is a result, not an error. */
export const TensorPoolCodes = {
  "tensor_pool.region_invalid": { scope: "stream", retryable: false },
  "tensor_pool.announce_invalid": { scope: "message", retryable: false },
  "tensor_pool.config_invalid": { scope: "connection", retryable: false },
  "tensor_pool.driver_active": { scope: "connection", retryable: true },
  "tensor_pool.discovery_timeout": { scope: "message", retryable: true },
  "tensor_pool.discovery_failed": { scope: "message", retryable: false },
  "tensor_pool.closed": { scope: "stream", retryable: false },
} as const;

/** One of {@link TensorPoolCodes}. */
export type TensorPoolCode = keyof typeof TensorPoolCodes;

/** Every error that this package throws, apart from a caller's own misuse. */
export class TensorPoolError extends WireError {
  /** Names the failure. */
  declare readonly code: TensorPoolCode;

  /** `message` is for people and carries the numbers. */
  constructor(code: TensorPoolCode, message: string, options?: WireErrorOptions) {
    super(code, TensorPoolCodes[code], message, options);
  }
}
