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
      return errorWithoutStack("The error could not be prepared for sending.");
    }
  }
}

/** Makes an error that can take another's place: the stack of one that a hook answers is sent. */
export function errorWithoutStack(message: string): Error {
  return Object.defineProperty(new Error(message), "stack", { value: undefined });
}
