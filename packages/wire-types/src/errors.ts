/** What an error takes down with it. */
export type ErrorScope = "message" | "stream" | "connection";

/** The permanent facts about one error code. */
export interface CodeInfo {
  /** The number that names this error on the wire, where its protocol has one. */
  readonly wire?: number;
  /** What dies: one message, one stream, or the whole connection. */
  readonly scope: ErrorScope;
  /** Whether the same operation may succeed when it is tried again. */
  readonly retryable: boolean;
}

/** A package's table of codes, each named `package.snake_case`. */
export type CodeTable = Readonly<Record<string, CodeInfo>>;

/** Small, loggable facts about one failure: never payloads, keys or tokens. */
export type ErrorDetails = Readonly<Record<string, string | number | bigint | boolean | undefined>>;

/** What may accompany an error. */
export interface WireErrorOptions {
  /** Numbers and names a program or a log may want. */
  readonly details?: ErrorDetails;
  /** The error underneath. */
  readonly cause?: unknown;
}

/**
 * The base of every error in the suite. Programs compare `code`; `message` is for people.
 *
 * A package derives one class from it whose codes come from that package's {@link CodeTable}.
 */
export class WireError extends Error implements CodeInfo {
  /** Marks the class across realms and installed copies; test with {@link isWireError}. */
  readonly wireErrorBrand = true;
  /** The permanent name of the failure, `package.snake_case`. */
  readonly code: string;
  /** The number on the wire; 0 where the protocol has none. */
  readonly wire: number;
  /** What the failure takes down. */
  readonly scope: ErrorScope;
  /** Whether trying again may help. */
  readonly retryable: boolean;
  /** Loggable facts. */
  readonly details: ErrorDetails;

  /** `info` is the row of `code` in its package's table. */
  constructor(code: string, info: CodeInfo, message: string, options: WireErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.wire = info.wire ?? 0;
    this.scope = info.scope;
    this.retryable = info.retryable;
    this.details = options.details ?? {};
  }
}

/** Tells whether `value` is an error of this suite, from whichever copy of the package. */
export function isWireError(value: unknown): value is WireError {
  return typeof value === "object" && value !== null && "wireErrorBrand" in value;
}

/** Codes of the shared floor itself. */
export const WireCodes = {
  "wire.truncated": { scope: "message", retryable: false },
  "wire.overflow": { scope: "message", retryable: false },
  "wire.invalid_utf8": { scope: "message", retryable: false },
  "wire.invalid_text": { scope: "message", retryable: false },
  "wire.invalid_shape": { scope: "message", retryable: false },
  "wire.invalid_value": { scope: "message", retryable: false },
  "wire.invalid_uri": { scope: "message", retryable: false },
  "wire.closed": { scope: "connection", retryable: true },
  "wire.connection_failed": { scope: "connection", retryable: true },
  "wire.timeout": { scope: "message", retryable: true },
  "wire.cancelled": { scope: "message", retryable: false },
} as const;

/** One of {@link WireCodes}. */
export type WireCode = keyof typeof WireCodes;

/** Makes an error of the shared floor. */
export function wireError(code: WireCode, message: string, options?: WireErrorOptions): WireError {
  return new WireError(code, WireCodes[code], message, options);
}

/** Turns whatever was thrown into a {@link WireError}, keeping it as the cause. */
export function asWireError(thrown: unknown, code: WireCode = "wire.closed"): WireError {
  if (isWireError(thrown)) return thrown;
  return wireError(code, describe(thrown), { cause: thrown });
}

// Messages of OpenSSL hold addresses and lines of its source; the reason among them is a property of its own.
function reasonOfOpenssl(error: Error): string | undefined {
  if (!("library" in error && "reason" in error)) return undefined;
  return typeof error.reason === "string" ? error.reason : undefined;
}

// Anything can be thrown, even what cannot be turned into text.
function describe(thrown: unknown): string {
  if (thrown instanceof Error) return reasonOfOpenssl(thrown) ?? thrown.message;
  return typeof thrown === "string" ? thrown : Object.prototype.toString.call(thrown);
}
