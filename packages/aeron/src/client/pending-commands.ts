import { AeronError, DriverError } from "../errors.js";
import type { Response } from "../commands/response.js";

/** A command that a driver has not answered. */
interface Pending {
  readonly deadlineMs: number;
  readonly what: string;
  /** Takes an answer; tells whether it was the one that was awaited. */
  readonly accept: (response: Response) => boolean;
  readonly reject: (error: AeronError) => void;
}

/** The commands of a client that wait for their answers. */
export class PendingCommands {
  readonly #timeoutMs: number;
  readonly #pending = new Map<bigint, Pending>();

  /** `timeoutMs` is how long an answer may take. */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** How many wait. */
  get size(): number {
    return this.#pending.size;
  }

  /**
   * Waits for the answer to a command that was sent at `nowMs`.
   *
   * @param what The command in words, for errors.
   * @param accept Makes the result of an answer, or `undefined` of an answer that is not the awaited one.
   */
  wait<T>(
    id: bigint,
    what: string,
    nowMs: number,
    accept: (response: Response) => T | undefined,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#pending.set(id, {
        deadlineMs: nowMs + this.#timeoutMs,
        what,
        reject,
        accept: (response) => {
          const value = accept(response);
          if (value !== undefined) resolve(value);
          return value !== undefined;
        },
      });
    });
  }

  /** Takes an answer; one that nobody waits for is somebody else's. */
  settle(id: bigint, response: Response): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    try {
      if (pending.accept(response)) this.#pending.delete(id);
    } catch (error) {
      // One log that cannot be mapped is one command's failure.
      const reason = error instanceof Error ? error.message : String(error);
      this.#fail(
        id,
        new AeronError("aeron.file_invalid", `${pending.what}: ${reason}`, { cause: error }),
      );
    }
  }

  /** Takes a refusal. */
  refuse(id: bigint, code: number, message: string): void {
    const pending = this.#pending.get(id);
    // A channel's trouble is told by its status counter, and its number is no command's.
    if (pending === undefined || code === DriverError.CHANNEL_ENDPOINT) return;
    const details = { details: { code } };
    this.#fail(id, new AeronError("aeron.refused", `${pending.what}: ${message}`, details));
  }

  /** Gives up what has waited too long. */
  expire(nowMs: number): void {
    for (const [id, { deadlineMs, what }] of this.#pending) {
      if (nowMs < deadlineMs) continue;
      this.#fail(id, new AeronError("aeron.command_timeout", `${what}: no answer`));
    }
  }

  /** Gives up everything. */
  failAll(error: AeronError): void {
    for (const id of this.#pending.keys()) this.#fail(id, error);
  }

  #fail(id: bigint, error: AeronError): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    pending?.reject(error);
  }
}
