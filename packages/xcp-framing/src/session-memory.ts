import { formatHex, type RandomSource } from "@proj/wire-types";
import { DedupWindow } from "./dedup-window.js";
import { IdempotencyStore } from "./idempotency-store.js";
import { type Outcome, OutcomeStore } from "./outcome-store.js";

const SESSION_ID_BYTES = 16;
const FIRST_FREE_ID = 2;
const KEPT_OUTCOMES = 1024;
const KEPT_OUTCOME_BYTES = 4 * 1024 * 1024;
const IDEMPOTENCY = {
  keepUs: 10 * 60 * 1_000_000,
  maxTasks: 1024,
  maxBytes: 16 * 1024 * 1024,
};

/** Gets the stored outcome of a task that another message with the same key started. */
export type OutcomeWaiter = (outcome: Outcome) => void;

/**
 * What one end remembers of a session, so that it can outlive a connection: the ids it used, the ids it saw, and the
 * answers it gave. HELLO and CAPS have id 1 in every connection. spec/xcp.md §7, §8, §10
 */
export class SessionMemory {
  /** Names the session between both ends; chosen by the initiator. Absent: the session ends with its connection. */
  readonly sessionId: Uint8Array | undefined;
  /** Answers to the peer's messages. */
  readonly outcomes: OutcomeStore = new OutcomeStore(KEPT_OUTCOMES, KEPT_OUTCOME_BYTES);
  /** Tasks that the peer named with an idempotency key. */
  readonly idempotency: IdempotencyStore<Outcome, OutcomeWaiter> = new IdempotencyStore(
    IDEMPOTENCY,
  );
  #nextMsgId = FIRST_FREE_ID;
  #window: DedupWindow | undefined;

  /** A session that begins now. */
  constructor(sessionId?: Uint8Array) {
    this.sessionId = sessionId;
  }

  /** The id that {@link SessionMemory.takeMsgId} gives next. */
  peekMsgId(): number {
    return this.#nextMsgId;
  }

  /** Takes the next id of this end's direction. */
  takeMsgId(): number {
    return this.#nextMsgId++;
  }

  /** The ids that came from the peer; made for `size` ids on first use, then kept. */
  window(size: number, maxStep: number | undefined): DedupWindow {
    this.#window ??= new DedupWindow(size, maxStep === undefined ? {} : { maxStep });
    return this.#window;
  }

  /** Whether the session ever got as far as exchanging messages. */
  get used(): boolean {
    return this.#window !== undefined;
  }
}

/** Begins a session that can be resumed, for an initiator. */
export function newSessionMemory(random: RandomSource): SessionMemory {
  return new SessionMemory(random.fill(new Uint8Array(SESSION_ID_BYTES)));
}

interface Kept {
  readonly memory: SessionMemory;
  connections: number;
  expiresUs: number;
}

/** Bounds of a {@link SessionStore}. */
export interface SessionStoreLimits {
  /** Milliseconds that a session waits for its peer. Default 300 000. */
  readonly keepMs?: number;
  /** Sessions at most; the one that waited longest goes first. Default 10 000. */
  readonly maxSessions?: number;
}

/**
 * Keeps the sessions of a responder across connections. spec/xcp.md §10
 *
 * A session belongs to the authenticated name of its peer: nobody else can resume it by knowing its id.
 */
export class SessionStore {
  readonly #keepUs: number;
  readonly #maxSessions: number;
  readonly #sessions = new Map<string, Kept>();

  /** An empty store. */
  constructor(limits: SessionStoreLimits = {}) {
    this.#keepUs = (limits.keepMs ?? 300_000) * 1000;
    this.#maxSessions = limits.maxSessions ?? 10_000;
  }

  /** Sessions that are kept, connected or not. */
  get size(): number {
    return this.#sessions.size;
  }

  /** Gives the memory of a session to a new connection; `resumed` tells whether it was here before. */
  claim(
    nowUs: number,
    sessionId: Uint8Array,
    identity: string | undefined,
  ): { readonly memory: SessionMemory; readonly resumed: boolean } {
    this.#expire(nowUs);
    const key = keyOf(sessionId, identity);
    const kept = this.#sessions.get(key);
    if (kept !== undefined) {
      kept.connections++;
      return { memory: kept.memory, resumed: true };
    }
    const memory = new SessionMemory(sessionId);
    if (this.#sessions.size < this.#maxSessions || this.#evictOne()) {
      this.#sessions.set(key, { memory, connections: 1, expiresUs: Number.POSITIVE_INFINITY });
    }
    return { memory, resumed: false };
  }

  /** Tells that a connection of the session is gone. */
  release(nowUs: number, memory: SessionMemory, identity: string | undefined): void {
    if (memory.sessionId === undefined) return;
    const key = keyOf(memory.sessionId, identity);
    const kept = this.#sessions.get(key);
    if (kept?.memory !== memory) return;
    kept.connections--;
    if (kept.connections > 0) return;
    kept.expiresUs = nowUs + this.#keepUs;
    // The order of the map is the order of expiry among those that wait.
    this.#sessions.delete(key);
    this.#sessions.set(key, kept);
  }

  #expire(nowUs: number): void {
    for (const [key, kept] of this.#sessions) {
      if (kept.connections > 0) continue;
      if (kept.expiresUs > nowUs) return;
      this.#sessions.delete(key);
    }
  }

  #evictOne(): boolean {
    for (const [key, kept] of this.#sessions) {
      if (kept.connections > 0) continue;
      this.#sessions.delete(key);
      return true;
    }
    return false;
  }
}

function keyOf(sessionId: Uint8Array, identity: string | undefined): string {
  return `${formatHex(sessionId)} ${identity ?? ""}`;
}
