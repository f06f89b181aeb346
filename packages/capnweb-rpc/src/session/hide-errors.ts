import { errorWithoutStack, type OnSendError } from "./error-policy.js";

/** What may be chosen for {@link hideErrors}. */
export interface HideErrorsOptions {
  /** Tells which errors are meant for callers: these are sent as they are, the others are hidden. None where absent. */
  readonly isPublic?: ((error: Error) => boolean) | undefined;
  /** What callers read instead. Default `Internal error`. */
  readonly message?: string | undefined;
  /** Hears of every error that is hidden: the place to log it. */
  readonly hidden?: ((error: Error) => void) | undefined;
}

/**
 * Makes an `onSendError` that lets callers see only errors meant for them: of any other they get an
 * `Error` with one text, without class, properties, cause or stack. spec/capnweb.md §11.5
 */
export function hideErrors({
  isPublic = () => false,
  message = "Internal error",
  hidden,
}: HideErrorsOptions = {}): OnSendError {
  return (error) => {
    if (isPublic(error)) return undefined;
    hidden?.(error);
    return errorWithoutStack(message);
  };
}
