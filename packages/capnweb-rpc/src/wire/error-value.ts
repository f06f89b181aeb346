import { isFilteredKey } from "./filtered-key.js";

const classes = new Map<string, new (message: string) => Error>([
  ["Error", Error],
  ["EvalError", EvalError],
  ["RangeError", RangeError],
  ["ReferenceError", ReferenceError],
  ["SyntaxError", SyntaxError],
  ["TypeError", TypeError],
  ["URIError", URIError],
]);

/** Makes an error from its message. */
export type ErrorClass = new (message: string) => Error;

/**
 * Makes a received error: of the class its name says, where that is one of the language's or among
 * `own`. spec/capnweb.md §11.2
 */
export function makeError(
  name: string,
  message: string,
  stack: unknown,
  own?: ReadonlyMap<string, ErrorClass>,
): Error {
  const error = ownError(own?.get(name), message) ?? languageError(name, message);
  if (typeof stack === "string") error.stack = stack;
  return error;
}

function languageError(name: string, message: string): Error {
  return name === "AggregateError"
    ? new AggregateError([], message)
    : new (classes.get(name) ?? Error)(message);
}

/** The application's class may refuse what a peer says: the error gets through all the same. */
function ownError(Own: ErrorClass | undefined, message: string): Error | undefined {
  if (Own === undefined) return undefined;
  try {
    const error: unknown = new Own(message);
    return error instanceof Error ? error : undefined;
  } catch {
    return undefined;
  }
}

/** Tells whether a received error may carry a property named `key`. spec/capnweb.md §5.4, §11.2 */
export function isErrorProperty(key: string): boolean {
  return !isOwnMember(key) && !isFilteredKey(key);
}

/** Lists what of an error crosses beside its name, message and stack. spec/capnweb.md §11.1 */
export function errorProperties(error: Error): string[] {
  const names = Object.keys(error).filter((key) => !isOwnMember(key));
  if (Object.hasOwn(error, "cause") && !names.includes("cause")) names.push("cause");
  if (error instanceof AggregateError && !names.includes("errors")) names.push("errors");
  return names;
}

function isOwnMember(key: string): boolean {
  return key === "name" || key === "message" || key === "stack";
}
