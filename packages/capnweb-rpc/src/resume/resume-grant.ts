import type { ResumeEntry } from "./resume-record.js";

/** A token and what its holder may know of it. */
export interface ResumeGrant {
  /** The token: a credential, to be kept as one. */
  readonly token: string;
  /** Names the line of tokens. */
  readonly sessionId: string;
  /** Wall-clock milliseconds when the line began. */
  readonly createdAtMs: number;
  /** Wall-clock milliseconds after which it is void. */
  readonly expiresAtMs: number;
  /** The names of its objects. */
  readonly keys: readonly string[];
}

/** What a token gave back. */
export interface Restored {
  /** The objects made again, by name. */
  readonly objects: Readonly<Record<string, object>>;
  /** What each of them can be had again by. */
  readonly entries: readonly ResumeEntry[];
  /** The token that takes the place of the used one. */
  readonly grant: ResumeGrant;
  /** What the application wanted to be kept beside. */
  readonly metadata: Readonly<Record<string, unknown>> | undefined;
}

/** What a server knows of a token. */
export interface ResumeTokenInfo {
  /** Names the line of tokens. */
  readonly sessionId: string;
  /** Wall-clock milliseconds when the line began. */
  readonly createdAtMs: number;
  /** Wall-clock milliseconds after which the token is void. */
  readonly expiresAtMs: number;
  /** Whether it would be honoured now. */
  readonly valid: boolean;
  /** The names of its objects. */
  readonly keys: readonly string[];
  /** What the application wanted to be kept beside. */
  readonly metadata: Readonly<Record<string, unknown>> | undefined;
}
