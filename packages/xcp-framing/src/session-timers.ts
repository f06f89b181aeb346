import type { Clarifications } from "./clarifications.js";
import type { Lifecycle } from "./lifecycle.js";
import type { OpenSession } from "./open-session.js";
import type { Pings } from "./pings.js";
import type { Sender } from "./sender.js";
import type { SessionCore } from "./session-core.js";
import type { SessionEnding } from "./session-ending.js";
import type { SessionHandshake } from "./session-handshake.js";

/** The machines of a session that wait for a time. */
export interface SessionTimersParts {
  readonly life: Lifecycle;
  readonly handshake: SessionHandshake;
  readonly sender: Sender;
  readonly pings: Pings;
  readonly clarifications: Clarifications;
  readonly ending: SessionEnding;
  /** What exists once the handshake is done. */
  machines(): OpenSession | undefined;
}

/** The one deadline of a session, out of those of its machines. */
export class SessionTimers {
  readonly #core: SessionCore;
  readonly #parts: SessionTimersParts;

  constructor(core: SessionCore, parts: SessionTimersParts) {
    this.#core = core;
    this.#parts = parts;
  }

  /** When `tick` may have something to do; `Infinity` = never. It may turn out that it has not. */
  get dueUs(): number {
    const { life, handshake, sender, pings, clarifications } = this.#parts;
    switch (life.kind) {
      case "handshake":
        return handshake.dueUs;
      case "closed":
        return Number.POSITIVE_INFINITY;
      case "open":
      case "draining": {
        const machines = this.#parts.machines();
        return Math.min(
          sender.dueUs,
          pings.keepalive.dueUs,
          clarifications.dueUs,
          machines?.inbox.answers.dueUs ?? Number.POSITIVE_INFINITY,
          machines?.intake.dueUs ?? Number.POSITIVE_INFINITY,
          life.drainDueUs,
        );
      }
    }
  }

  /** Does what is due. */
  tick(): void {
    const { life, handshake, sender, pings, ending } = this.#parts;
    const { nowUs } = this.#core;
    if (life.kind === "handshake") handshake.tick(nowUs);
    if (life.kind !== "open" && life.kind !== "draining") return;
    sender.tick();
    const machines = this.#parts.machines();
    machines?.intake.tick();
    ending.expireQuestions();
    if (nowUs >= (machines?.inbox.answers.dueUs ?? Number.POSITIVE_INFINITY)) {
      machines?.inbox.answers.flushAcks();
    }
    pings.checkAlive();
    this.#core.sampleShares();
    if (nowUs >= life.drainDueUs) ending.announceDrained();
    else ending.checkDrained();
  }
}
