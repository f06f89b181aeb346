import { DependencyKind } from "../causality/dependency-kind.js";
import type { AnnouncedTransfer } from "../transfer/announced-transfer.js";
import { type Id64, sameId } from "../wire/id64.js";
import type { TokenOutcome } from "./announce-options.js";
import type { EngineContext } from "./context.js";
import { nameableDeps } from "./entry-room.js";
import type { Path } from "./path.js";

/** Who carries out what a {@link DependencyGate} decides. */
export interface GateOwner {
  /** Announces a transfer that waits for nothing any more. */
  readonly enqueue: (path: Path, transfer: AnnouncedTransfer) => void;
  /** Ends a transfer because one it depends on failed; a cascade began with `rootCause`. */
  readonly victim: (path: Path, transfer: AnnouncedTransfer, rootCause: Id64) => void;
}

/**
 * Holds own transfers back until those they depend on have come far enough, and fails them along.
 *
 * @see spec/dcquic.md §5
 */
export class DependencyGate {
  readonly #context: EngineContext;
  readonly #owner: GateOwner;
  readonly #byToken = new Map<number, AnnouncedTransfer>();
  // Tokens whose transfers are over and whose streams are not, by slot.
  readonly #held = new Map<number, Path["id"]>();

  /** Asks the causality map of `context`. */
  constructor(context: EngineContext, owner: GateOwner) {
    this.#context = context;
    this.#owner = owner;
  }

  /** Follows a transfer that has a token. */
  add(transfer: AnnouncedTransfer): void {
    if (transfer.token !== undefined) this.#byToken.set(transfer.token.lo, transfer);
  }

  /**
   * Has `transfer` wait for the one whose token is `on`; `false` if that failed and takes it along. On the same path the
   * announcement names what it waits for, so that a pipeline costs no round trip. D-2
   */
  depend(transfer: AnnouncedTransfer, token: Id64, on: Id64, kind: number): boolean {
    const { causality } = this.#context;
    const earlier = this.#byToken.get(on.lo);
    const sameGeneration = earlier?.token !== undefined && sameId(earlier.token, on);
    const isRequest = kind === DependencyKind.Request || kind === DependencyKind.RequestCascade;
    const isNameable = sameGeneration && earlier?.holdToken !== "request";
    const hasRoom = transfer.extras.after.length < nameableDeps(transfer.meta.length);
    const isOfPath = earlier?.path === transfer.path && isNameable && hasRoom;
    if (earlier !== undefined && isOfPath && isRequest) {
      transfer.ownExtras.after = [...transfer.extras.after, { transfer: earlier, kind }];
      return causality.follow(token, on, kind) !== "failed";
    }
    return causality.depend(token, on, kind) !== "failed";
  }

  /** Whether the transfer can be announced now; if not, it is announced after the one it names. */
  isReady(path: Path, transfer: AnnouncedTransfer): boolean {
    const { after } = transfer.extras;
    if (after.length === 0) return true;
    const missing = after.find(({ transfer: earlier }) => earlier.notifySeq < 0 && !earlier.isOver);
    if (missing === undefined) return true;
    const gated = path.gated.get(missing.transfer) ?? [];
    gated.push(transfer);
    path.gated.set(missing.transfer, gated);
    return false;
  }

  /** Lets those go on that wait for the transfer to be announced. */
  ungate(path: Path, transfer: AnnouncedTransfer): void {
    const waiting = path.gated.size === 0 ? undefined : path.gated.get(transfer);
    if (waiting === undefined) return;
    path.gated.delete(transfer);
    for (const next of waiting) if (!next.isOver) this.#owner.enqueue(path, next);
  }

  /** Notes that the peer accepted the transfer: its request is handed over. */
  accepted(transfer: AnnouncedTransfer): void {
    const { token } = transfer;
    if (token === undefined || transfer.holdToken === "request") return;
    this.#context.causality.requestDone(token);
    this.settle();
  }

  /** Settles a token that a stream holds. Harmless the second time. */
  settleHeld(token: Id64, outcome: TokenOutcome): void {
    const { causality } = this.#context;
    if (outcome === "failed") causality.fail(token);
    else causality.requestDone(token);
    if (outcome === "complete") causality.complete(token);
    if (!causality.isLive(token)) this.#held.delete(token.lo);
    this.settle();
  }

  /** Notes how the transfer ended. */
  ended(transfer: AnnouncedTransfer, how: "complete" | "failed"): void {
    const { token } = transfer;
    if (token === undefined) return;
    this.#byToken.delete(token.lo);
    const { causality } = this.#context;
    if (how === "failed") causality.fail(token);
    else if (transfer.holdToken === undefined) {
      causality.requestDone(token);
      causality.complete(token);
    } else if (causality.isLive(token)) this.#held.set(token.lo, transfer.path as Path["id"]);
    this.settle();
  }

  /** Carries out what the causality map decided: who may go, and who fails with another. */
  settle(): void {
    const { causality, paths } = this.#context;
    for (let token = causality.nextReleased(); token; token = causality.nextReleased()) {
      const transfer = this.#byToken.get(token.lo);
      const path = transfer && paths.get(transfer.path as Path["id"]);
      if (transfer?.state === "blocked" && path !== undefined) this.#owner.enqueue(path, transfer);
    }
    for (let victim = causality.nextVictim(); victim; victim = causality.nextVictim()) {
      const transfer = this.#byToken.get(victim.token.lo);
      const path = transfer && paths.get(transfer.path as Path["id"]);
      if (transfer === undefined) this.#failHeld(victim.token, victim.rootCause);
      if (transfer === undefined || path === undefined) continue;
      this.#owner.victim(path, transfer, victim.rootCause);
    }
  }

  #failHeld(token: Id64, rootCause: Id64): void {
    const path = this.#held.get(token.lo);
    if (path === undefined) return;
    this.#held.delete(token.lo);
    this.#context.events.push({ kind: "tokenFailed", path, token, rootCause });
  }
}
