import { reportFailure } from "./report-failure.js";

/** What the application wants to be sent instead of an error; nothing means the error as it is. */
export type OnSendError = (error: Error) => Error | void;

/** Applies the application's hook, and keeps the session safe from it. spec/capnweb.md §11.1, §11.4 */
export class ErrorPolicy {
  readonly #onSendError: OnSendError | undefined;

  /** Without a hook every error is sent as it is, its stack left out. */
  constructor(onSendError: OnSendError | undefined) {
    this.#onSendError = onSendError;
  }

  /** Answers the error to send instead of `error`; `undefined` for none. */
  replace(error: Error): Error | undefined {
    if (this.#onSendError === undefined) return undefined;
    try {
      const replacement: unknown = this.#onSendError(error);
      return replacement instanceof Error ? replacement : undefined;
    } catch (failure) {
      reportFailure(failure, "onSendError threw:");
      const generic = new Error("The error could not be prepared for sending.");
      delete generic.stack;
      return generic;
    }
  }
}
