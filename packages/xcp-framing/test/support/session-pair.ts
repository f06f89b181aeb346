import { Session } from "#src/session.js";
import type { SessionHooks } from "#src/session-commands.js";
import { resolveSessionConfig } from "#src/session-config.js";
import type { SessionEvent } from "#src/session-events.js";
import type { ConnectionOptions, Role } from "@proj/xcp-framing";
import { concatBytes, type ManualTime, type TransportInfo } from "@proj/wire-types";
import { simPlatform } from "./sim-platform.js";

const info: TransportInfo = { transport: "sim", peer: undefined, secure: true, local: true };

/** Options without the platform, which a pair provides. */
export type PairOptions = Omit<ConnectionOptions, "platform">;

/** One session with everything it said. */
export class End {
  readonly session: Session;
  readonly events: SessionEvent[] = [];
  readonly role: Role;

  constructor(role: Role, options: ConnectionOptions, time: ManualTime, hooks?: SessionHooks) {
    this.role = role;
    const config = resolveSessionConfig(options, role, { info, framing: "bytes" });
    this.session = new Session(config, time.nowUs(), hooks);
  }

  /** Collects news; `react` may answer each at once. */
  pump(react?: (event: SessionEvent, end: End) => void): void {
    for (
      let event = this.session.nextEvent();
      event !== undefined;
      event = this.session.nextEvent()
    ) {
      this.events.push(event);
      react?.(event, this);
    }
  }

  /** The events of one kind. */
  of<K extends SessionEvent["kind"]>(kind: K): Extract<SessionEvent, { kind: K }>[] {
    return this.events.filter(
      (event): event is Extract<SessionEvent, { kind: K }> => event.kind === kind,
    );
  }
}

/** Two sessions joined by perfect byte streams in virtual time. */
export class SessionPair {
  readonly time: ManualTime;
  readonly initiator: End;
  readonly responder: End;
  /** Reacts to events of either end. */
  react: ((event: SessionEvent, end: End) => void) | undefined;

  constructor(
    initiator: PairOptions = {},
    responder: PairOptions = {},
    hooks: { readonly initiator?: SessionHooks; readonly responder?: SessionHooks } = {},
  ) {
    const platform = simPlatform(1);
    this.time = platform.time;
    const other = simPlatform(2, this.time);
    this.initiator = new End("initiator", { platform, ...initiator }, this.time, hooks.initiator);
    this.responder = new End(
      "responder",
      { platform: other, ...responder },
      this.time,
      hooks.responder,
    );
    this.initiator.session.start(this.time.nowUs());
    this.responder.session.start(this.time.nowUs());
  }

  /** Moves bytes and events until nothing moves. */
  settle(): void {
    for (let moved = true; moved;) {
      this.initiator.pump(this.react);
      this.responder.pump(this.react);
      const there = this.#carry(this.initiator, this.responder);
      const back = this.#carry(this.responder, this.initiator);
      moved = there || back || this.initiator.session.hasEvents || this.responder.session.hasEvents;
    }
  }

  /** Lets time pass in steps, with both ends doing what is due. */
  advance(us: number, stepUs = 1000): void {
    for (let left = us; left > 0; left -= stepUs) {
      this.time.advance(Math.min(stepUs, left));
      for (const end of [this.initiator, this.responder]) {
        if (end.session.nextDeadlineUs() <= this.time.nowUs()) end.session.tick(this.time.nowUs());
      }
      this.settle();
    }
  }

  #carry(from: End, to: End): boolean {
    const parts = from.session.transmit(this.time.nowUs());
    if (parts === undefined) return false;
    to.session.receive(this.time.nowUs(), concatBytes(parts));
    return true;
  }
}

/** A pair whose handshake is done. */
export function openPair(initiator: PairOptions = {}, responder: PairOptions = {}): SessionPair {
  const pair = new SessionPair(initiator, responder);
  pair.settle();
  return pair;
}
