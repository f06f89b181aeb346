/** How one object can be had again: which restorer makes it, of what. */
export interface ResumeEntry {
  /** The name under which the client finds it. */
  readonly key: string;
  /** The restorer. */
  readonly kind: string;
  /** What the restorer is given: plain JSON. */
  readonly params: unknown;
}

/** What a token stands for. Only its server sees it. spec/capnweb.md §18.2 */
export interface ResumeRecord {
  /** Names the line of tokens that one follows from the other. 43 URL-safe random characters. */
  readonly sessionId: string;
  /** Whom the token was given to; nobody else can use it. */
  readonly principal: string;
  /** The objects. */
  readonly entries: readonly ResumeEntry[];
  /** How many tokens of this line came before. */
  readonly seq: number;
  /** Wall-clock milliseconds when the line began. */
  readonly createdAtMs: number;
  /** Wall-clock milliseconds after which the token is void. */
  readonly expiresAtMs: number;
  /** What the application wanted to be kept beside. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  /** The handle of the token that took this one's place: it has been used. */
  readonly replacedBy?: string | undefined;
}

/**
 * Where records are kept, by handle: a hash of the token, which itself is never stored. Shared by
 * every process that may be asked to restore.
 */
export interface ResumeStore {
  /** Keeps a record. */
  put(handle: string, record: ResumeRecord): Promise<void> | void;
  /** Answers a record and leaves it. */
  get(handle: string): Promise<ResumeRecord | undefined> | ResumeRecord | undefined;
  /** Answers a record and removes it, atomically: of two callers at most one gets it. */
  take(handle: string): Promise<ResumeRecord | undefined> | ResumeRecord | undefined;
  /** Removes every record of a session. Answers how many there were. */
  removeSession(sessionId: string): Promise<number> | number;
  /** Removes what expired before `nowMs`. Answers how many there were. */
  removeExpired(nowMs: number): Promise<number> | number;
}
