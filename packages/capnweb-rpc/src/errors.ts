import { WireError, type WireErrorOptions } from "@proj/wire-types";

/** Why something failed that goes beyond the reference, which has no codes. spec/capnweb.md §18–§20 */
export const CapnwebCodes = {
  "capnweb.connection_lost": { scope: "connection", retryable: false },
  "capnweb.not_connected": { scope: "message", retryable: true },
  "capnweb.queue_full": { scope: "message", retryable: true },
  "capnweb.closed": { scope: "connection", retryable: false },
  "capnweb.draining": { scope: "message", retryable: true },
  "capnweb.ping_timeout": { scope: "connection", retryable: true },
  "capnweb.connect_timeout": { scope: "connection", retryable: true },
  "capnweb.slow_peer": { scope: "connection", retryable: true },
  "capnweb.timeout": { scope: "message", retryable: true },
  "capnweb.cancelled": { scope: "message", retryable: false },
  "capnweb.resume_refused": { scope: "message", retryable: false },
  "capnweb.plan_invalid": { scope: "message", retryable: false },
  "capnweb.plan_failed": { scope: "message", retryable: false },
  "capnweb.plan_budget": { scope: "message", retryable: false },
  "capnweb.no_quic": { scope: "connection", retryable: false },
  "capnweb.invalid_argument": { scope: "message", retryable: false },
  "capnweb.invalid_result": { scope: "message", retryable: false },
} as const;

/** One of {@link CapnwebCodes}. */
export type CapnwebCode = keyof typeof CapnwebCodes;

/**
 * A failure of what this package adds to the reference. Its code and details cross to a peer as
 * properties of the error, so that a program can compare them there too.
 */
export class CapnwebError extends WireError {
  /** Takes the facts of `code` from {@link CapnwebCodes}. */
  constructor(code: CapnwebCode, message: string, options: WireErrorOptions = {}) {
    super(code, CapnwebCodes[code], message, options);
    // Programs know a timeout by its name, as they know those of the platform. spec/capnweb.md §20.5
    if (code === "capnweb.timeout") this.name = "TimeoutError";
  }
}
