/** A result that the application asked for. */
export interface PulledResult {
  /** Whether it has been answered, or nobody wants it any more. */
  readonly settled: boolean;
  /** Fails it here with `reason` and gives it back to the peer; harmless once it is settled. */
  giveUp(reason: unknown): void;
}

/** Looks on at the messages of one session. */
export interface SessionTap {
  /** A message leaves. Answers what the peer is told beside it: only where that was agreed. */
  sending(message: readonly unknown[]): string | undefined;
  /** A message has arrived. `handle` carries it out, and must be called once before this returns. */
  received(message: unknown, handle: () => void): void;
  /** A message crosses as the transport carries it: text, or a tree. */
  carried(direction: "in" | "out", message: unknown): void;
  /** The session is over. */
  ended(reason: unknown): void;
}

/** What may be attached to a session. A session without them does not pay for them. */
export interface SessionHooks {
  /** Looks on at every message. */
  readonly tap?: SessionTap | undefined;
  /** Hears of every result that is asked for; what it answers is called once the result is settled. */
  readonly pulled?: ((result: PulledResult) => (() => void) | undefined) | undefined;
  /** Answers why what the peer pushes now is refused; `undefined` admits it. */
  readonly refusal?: (() => unknown) | undefined;
}
