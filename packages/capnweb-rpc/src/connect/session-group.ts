import type { Clock, Timers } from "@proj/wire-types";
import { systemTime } from "@proj/wire-types/system";
import { CapnwebError } from "../errors.js";
import type { SessionHooks } from "../session/session-hooks.js";
import { type Endable, endLink, GOING_AWAY, type Link } from "./link.js";
import { withinMs } from "./within.js";

/** What may be chosen for a group of sessions. */
export interface SessionGroupOptions {
  /** Sessions at one time; further ones are refused. Default: no limit. */
  readonly maxSessions?: number | undefined;
  /** What becomes of calls that arrive while the group drains. Default `admit`. */
  readonly callsWhileDraining?: "admit" | "refuse" | undefined;
  /** Measures the deadline of draining; the host's where absent. */
  readonly time?: (Clock & Timers) | undefined;
}

const WHY = "the server is going away";

/**
 * The sessions that a server has, so that it can go away in good order: take no more, let what was
 * asked be answered, close. spec/capnweb.md §20.4
 *
 * ```
 * accepting ──drain──▶ draining ──all answered, or deadline──▶ closed
 * ```
 */
export class SessionGroup {
  /** What to attach to the sessions of this group. */
  readonly hooks: SessionHooks;
  readonly #options: SessionGroupOptions;
  readonly #links = new Set<Endable>();
  #draining = false;

  /** Starts without sessions. */
  constructor(options: SessionGroupOptions = {}) {
    this.#options = options;
    const refused = new CapnwebError("capnweb.draining", WHY);
    const refuses = options.callsWhileDraining === "refuse";
    this.hooks = { refusal: () => (this.#draining && refuses ? refused : undefined) };
  }

  /** How many sessions there are. */
  get size(): number {
    return this.#links.size;
  }

  /** Whether another session would be taken: what a readiness probe asks. */
  get ready(): boolean {
    return !this.#draining && this.#links.size < (this.#options.maxSessions ?? Infinity);
  }

  /**
   * Takes a session until it ends. One too many, or one that comes too late, is closed with 1001.
   *
   * @returns whether it was taken.
   */
  add<T>(link: Link<T>): boolean {
    if (!this.ready) {
      endLink(link, GOING_AWAY, "no session is taken", new CapnwebError("capnweb.closed", WHY));
      return false;
    }
    this.#links.add(link);
    link.session.getRemoteMain().onRpcBroken(() => this.#links.delete(link));
    return true;
  }

  /**
   * Takes no more sessions, waits until every result that peers asked for has been sent,
   * `deadlineMs` milliseconds at most, and closes all with 1001.
   *
   * @returns how many sessions had been answered in full, and how many were cut off.
   */
  async drain(deadlineMs: number): Promise<{ readonly answered: number; readonly cut: number }> {
    this.#draining = true;
    const time = this.#options.time ?? systemTime;
    const outcomes = await Promise.all(
      [...this.#links].map(async (link) => {
        const answered = link.session.drain().then(
          () => true,
          () => true,
        );
        const inTime = await withinMs(time, deadlineMs, answered);
        endLink(link, GOING_AWAY, WHY, new CapnwebError("capnweb.closed", WHY));
        return inTime;
      }),
    );
    const answered = outcomes.filter(Boolean).length;
    return { answered, cut: outcomes.length - answered };
  }
}
