import { AeronError, DriverError } from "../errors.js";

/** A refusal that a client is told, with Aeron's number for it. */
export class Refusal extends Error {
  /** One of {@link DriverError}. */
  readonly code: number;

  /** `message` is what the client is told. */
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** Aeron's number for whatever went wrong with a command. */
export function errorCode(error: unknown): number {
  if (error instanceof Refusal) return error.code;
  if (!(error instanceof AeronError)) return DriverError.GENERIC;
  if (error.code === "aeron.channel_invalid") return DriverError.INVALID_CHANNEL;
  if (error.code === "aeron.malformed_command") return DriverError.MALFORMED_COMMAND;
  return DriverError.GENERIC;
}
