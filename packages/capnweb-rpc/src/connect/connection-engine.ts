import type { RandomSource } from "@proj/wire-types";
import { CapnwebError } from "../errors.js";
import { Backoff, type BackoffOptions } from "./backoff.js";
import { Health, type HealthOptions } from "./health.js";

/** How a connection stands. spec/capnweb.md §20.2 */
export type ConnectionState =
  | { readonly kind: "connecting" }
  | { readonly kind: "open" }
  /** `attempts` have failed since the connection was lost, or never came about, with `reason`. */
  | { readonly kind: "reconnecting"; readonly attempts: number; readonly reason: unknown }
  | { readonly kind: "draining" }
  | { readonly kind: "closed"; readonly reason: unknown };

/** What the driver is to do. */
export type ConnectionCommand =
  | { readonly kind: "open" }
  | { readonly kind: "giveUpOpening"; readonly reason: unknown }
  | { readonly kind: "ping" }
  | { readonly kind: "drop"; readonly reason: unknown };

/** What the rules of a connection can be told. */
export interface ConnectionRules {
  /** Milliseconds that one attempt may take. Default 10 000. */
  readonly connectTimeoutMs?: number | undefined;
  /** The waits between attempts; `false` for a connection that ends with its first link. */
  readonly reconnect?: BackoffOptions | false | undefined;
  /** How the peer's silence is noticed. Without it, only when the transport notices. */
  readonly health?: HealthOptions | undefined;
}

type Phase =
  | { readonly kind: "idle" }
  | { readonly kind: "opening"; readonly untilUs: number }
  | { readonly kind: "waiting"; readonly untilUs: number }
  | { readonly kind: "up"; readonly health: Health | undefined };

/**
 * The rules of a connection that comes back: when to open, wait, ping, drop and give up.
 *
 * ```
 * connecting ──opened──▶ open ──lost──▶ reconnecting ──opened──▶ open
 *     └──openFailed──────────────────────▶┘  └──tried enough──▶ closed
 * open ──drain──▶ draining ──drained, lost──▶ closed          any ──close──▶ closed
 * ```
 *
 * Inputs: `start`, `opened`, `openFailed`, `lost`, `answered`, `wake`, `drain`, `close`, `tick`.
 * Outputs: `nextCommand` and `nextState`, until undefined; `nextDeadline` for the one timer.
 *
 * spec/capnweb.md §20.1, §20.2, §20.4
 */
export class ConnectionEngine {
  readonly #rules: ConnectionRules;
  readonly #backoff: Backoff | undefined;
  readonly #commands: ConnectionCommand[] = [];
  readonly #states: ConnectionState[] = [];
  #state: ConnectionState = { kind: "connecting" };
  #phase: Phase = { kind: "idle" };

  /** Draws its waits from `random`. */
  constructor(rules: ConnectionRules, random: RandomSource) {
    this.#rules = rules;
    const { reconnect = {} } = rules;
    this.#backoff = reconnect === false ? undefined : new Backoff(reconnect, random);
  }

  /** How the connection stands. */
  get state(): ConnectionState {
    return this.#state;
  }

  /** Begins with the first attempt. */
  start(nowUs: number): void {
    if (this.#phase.kind === "idle" && this.#state.kind === "connecting") this.#open(nowUs);
  }

  /** The link that was asked for is there. Answers whether it is still wanted. */
  opened(nowUs: number): boolean {
    if (this.#phase.kind !== "opening") return false;
    this.#backoff?.succeeded();
    const { health } = this.#rules;
    this.#phase = {
      kind: "up",
      health: health === undefined ? undefined : new Health(health, nowUs),
    };
    this.#enter({ kind: "open" });
    return true;
  }

  /** The link that was asked for could not be opened. */
  openFailed(nowUs: number, reason: unknown): void {
    if (this.#phase.kind === "opening") this.#retry(nowUs, reason);
  }

  /** The link is gone. */
  lost(nowUs: number, reason: unknown): void {
    if (this.#phase.kind !== "up") return;
    if (this.#state.kind === "draining") this.#end(reason);
    else this.#retry(nowUs, reason);
  }

  /** A ping was answered: tells the round trip in microseconds. */
  answered(nowUs: number): number | undefined {
    return this.#phase.kind === "up" ? this.#phase.health?.answered(nowUs) : undefined;
  }

  /** There is reason to think that connecting will work now, such as a network that came back. */
  wake(nowUs: number): void {
    if (this.#phase.kind === "waiting") this.#open(nowUs);
  }

  /** No new calls; the link stays until the driver closes. Without a link there is nothing to drain. */
  drain(): void {
    if (this.#state.kind === "open") this.#enter({ kind: "draining" });
    else if (this.#state.kind !== "draining") this.close(closedError());
  }

  /** Ends the connection for good. */
  close(reason: unknown): void {
    if (this.#state.kind === "closed") return;
    if (this.#phase.kind === "up") this.#commands.push({ kind: "drop", reason });
    if (this.#phase.kind === "opening") this.#commands.push({ kind: "giveUpOpening", reason });
    this.#end(reason);
  }

  /** Does what is due at `nowUs`. */
  tick(nowUs: number): void {
    const phase = this.#phase;
    if (phase.kind === "up") {
      const due = phase.health?.tick(nowUs);
      if (due === "ping") this.#commands.push({ kind: "ping" });
      if (due === "dead") {
        const reason = new CapnwebError("capnweb.ping_timeout", "the peer does not answer pings");
        this.#commands.push({ kind: "drop", reason });
        this.lost(nowUs, reason);
      }
    } else if (phase.kind !== "idle" && nowUs >= phase.untilUs) {
      if (phase.kind === "waiting") return this.#open(nowUs);
      const reason = new CapnwebError("capnweb.connect_timeout", "connecting took too long");
      this.#commands.push({ kind: "giveUpOpening", reason });
      this.#retry(nowUs, reason);
    }
  }

  /** Answers what the driver is to do next. */
  nextCommand(): ConnectionCommand | undefined {
    return this.#commands.shift();
  }

  /** Answers the next state that was entered. */
  nextState(): ConnectionState | undefined {
    return this.#states.shift();
  }

  /** When {@link ConnectionEngine.tick} is to be called next. */
  nextDeadline(): number | undefined {
    if (this.#phase.kind === "up") return this.#phase.health?.deadlineUs;
    return this.#phase.kind === "idle" ? undefined : this.#phase.untilUs;
  }

  #open(nowUs: number): void {
    const untilUs = nowUs + (this.#rules.connectTimeoutMs ?? 10_000) * 1000;
    this.#phase = { kind: "opening", untilUs };
    this.#commands.push({ kind: "open" });
  }

  #retry(nowUs: number, reason: unknown): void {
    const untilUs = this.#backoff?.failed(nowUs);
    if (this.#backoff === undefined || untilUs === undefined) return this.#end(reason);
    this.#phase = { kind: "waiting", untilUs };
    this.#enter({ kind: "reconnecting", attempts: this.#backoff.attempts, reason });
  }

  #end(reason: unknown): void {
    this.#phase = { kind: "idle" };
    this.#enter({ kind: "closed", reason });
  }

  #enter(state: ConnectionState): void {
    this.#state = state;
    this.#states.push(state);
  }
}

/** What a connection ends with when its owner closes it. */
export function closedError(): CapnwebError {
  return new CapnwebError("capnweb.closed", "the connection was closed");
}
