import { RpcTarget } from "../rpc-target.js";
import type { ResumeGrant } from "./resume-grant.js";
import type { ResumeManager } from "./resume-manager.js";
import type { ResumeEntry } from "./resume-record.js";

/** What a peer gets for its token. */
export interface ResumedObjects {
  /** The objects made again, by name. */
  readonly objects: Readonly<Record<string, object>>;
  /** The token to use next. */
  readonly grant: ResumeGrant;
}

/**
 * One peer's session as far as it can be resumed: knows which objects it holds. The application
 * puts {@link ResumableSession.service} where the peer finds it, as the member `resume` of its main
 * object for example, once it knows who the peer is. spec/capnweb.md §18.2
 */
export class ResumableSession {
  /** What the peer calls: `issue()` and `restore(token)`. */
  readonly service: ResumeService;
  readonly #manager: ResumeManager;
  readonly #principal: string;
  readonly #entries = new Map<string, ResumeEntry>();
  #metadata: Readonly<Record<string, unknown>> | undefined;
  #latest: ResumeGrant | undefined;

  /**
   * @param principal The peer, as the application has authenticated it.
   * @param metadata JSON to be kept with the tokens; a restored token brings its own.
   */
  constructor(
    manager: ResumeManager,
    principal: string,
    metadata?: Readonly<Record<string, unknown>>,
  ) {
    this.#metadata = metadata;
    this.#manager = manager;
    this.#principal = principal;
    this.service = new ResumeService({
      issue: () => this.#issue(),
      restore: (token) => this.#restore(token),
    });
  }

  /** What is kept with the tokens. */
  get metadata(): Readonly<Record<string, unknown>> | undefined {
    return this.#metadata;
  }

  /** Notes that `target` can be had again by `entry`, and answers it. The latest of a name counts. */
  mark<T extends object>(target: T, entry: ResumeEntry): T {
    this.#entries.set(entry.key, entry);
    return target;
  }

  /** Forgets an object: tokens issued from now on do not hold it. */
  unmark(key: string): void {
    this.#entries.delete(key);
  }

  /** Voids the tokens of this session, for a peer that has logged out. */
  async invalidate(): Promise<void> {
    if (this.#latest !== undefined) await this.#manager.invalidate(this.#latest.sessionId);
    this.#latest = undefined;
  }

  async #issue(): Promise<ResumeGrant> {
    const entries = [...this.#entries.values()];
    const grant = await this.#manager.issue(this.#principal, entries, {
      after: this.#latest,
      metadata: this.#metadata,
    });
    this.#latest = grant;
    return grant;
  }

  async #restore(token: unknown): Promise<ResumedObjects> {
    const restored = await this.#manager.restore(token, this.#principal);
    const { objects, entries, grant } = restored;
    this.#metadata = restored.metadata;
    for (const entry of entries) this.#entries.set(entry.key, entry);
    this.#latest = grant;
    return { objects, grant };
  }
}

/** What the peer reaches of a resumable session: ordinary calls, which any peer can make. */
export class ResumeService extends RpcTarget {
  readonly #session: {
    readonly issue: () => Promise<ResumeGrant>;
    readonly restore: (token: unknown) => Promise<ResumedObjects>;
  };

  /** Made by {@link ResumableSession}. */
  constructor(session: {
    readonly issue: () => Promise<ResumeGrant>;
    readonly restore: (token: unknown) => Promise<ResumedObjects>;
  }) {
    super();
    this.#session = session;
  }

  /** Issues a token for the objects that the peer holds now; earlier ones of the session are void. */
  issue(): Promise<ResumeGrant> {
    return this.#session.issue();
  }

  /**
   * Makes the objects of a token again, and replaces it.
   *
   * @throws CapnwebError `capnweb.resume_refused`
   */
  restore(token: string): Promise<ResumedObjects> {
    return this.#session.restore(token);
  }
}
