import { decodeUtf8, encodeUtf8 } from "@proj/wire-types";
import { RecentMap } from "../sched/recent-map.js";
import { NO_TIMER, type TimerId } from "../sched/timing-wheel.js";
import { CloseScope, WireLimit } from "../wire/constants.js";
import { formatId, type Id64, id64 } from "../wire/id64.js";
import type { StreamClose, StreamCloseAck } from "../wire/stream-frames.js";
import { type EngineContext, TimerKind } from "./context.js";
import type { Path } from "./path.js";

/** An own STREAM_CLOSE that is repeated until it is acknowledged. */
export interface CloseState {
  /** The path it goes over. */
  readonly path: Path;
  /** The stream. */
  readonly streamId: Id64;
  /** Whether this side opened the stream. */
  readonly opener: boolean;
  /** {@link CloseScope}. */
  readonly scope: number;
  /** One of §15. */
  readonly status: number;
  /** Messages announced in the own direction. */
  readonly finalCount: number;
  /** For people. */
  readonly reason: Uint8Array;
  /** Its timer. */
  timer: TimerId;
  /** Whether it waits to be sent. */
  queued: boolean;
  /** When it was sent last; µs. */
  sentUs: number;
  /** The packet that it was sent in last; Infinity before the first. */
  sentInPacket: number;
  /** When it was found lost; µs. */
  resentUs: number;
  /** How often it was sent. */
  transmissions: number;
  /** How many answers may still come that are to earlier closes of the stream: an answer does not say what it is to. */
  earlier: number;
}

/** What a close says. */
export interface CloseOptions {
  /** The stream. */
  readonly streamId: Id64;
  /** Whether this side opened it. */
  readonly opener: boolean;
  /** One of {@link CloseScope}. */
  readonly scope: number;
  /** One of §15. */
  readonly status: number;
  /** Messages announced in the own direction. */
  readonly finalCount: number;
  /** For people; cut to 256 bytes. */
  readonly reason?: string;
}

const REMEMBERED_CLOSES = 4096;
const REORDER_PACKETS = 3;

/**
 * Closes streams, or one direction of them, and acknowledges the peer's closes.
 *
 * A close is repeated until a STREAM_CLOSE_ACK that cannot be to an earlier one; one for an unknown stream is acknowledged too, so that closes that cross or
 * come twice do no harm.
 *
 * @see spec/dcquic.md §15
 */
export class StreamCloser {
  readonly #context: EngineContext;
  readonly #states = new Map<number, CloseState>();
  #nextNumber = 0;
  readonly #numbers = new Map<CloseState, number>();
  // The peer's closes that were reported already.
  readonly #seen = new RecentMap<string, true>(REMEMBERED_CLOSES);
  // Answers that may still come to own closes that were answered already, because they were sent several times.
  readonly #late = new RecentMap<string, number>(REMEMBERED_CLOSES);

  /** Works on what `context` holds. */
  constructor(context: EngineContext) {
    this.#context = context;
  }

  /** How many own closes wait for an answer. */
  get pending(): number {
    return this.#states.size;
  }

  /**
   * Says that a stream, or a direction of it, is closed. An abort replaces an orderly end that is on its way. On a path that
   * failed it says nothing.
   */
  close(nowUs: number, path: Path, options: CloseOptions): void {
    // Nobody is left who would answer.
    if (path.failedStatus !== undefined) return;
    const key = keyOf(options.streamId, options.opener);
    const before = path.openCloses.get(key);
    let earlier = this.#late.get(lateKeyOf(path, key)) ?? 0;
    if (before !== undefined) {
      earlier = before.earlier + before.transmissions;
      const isAbort = options.scope === CloseScope.Both && before.scope !== CloseScope.Both;
      if (!isAbort) return;
      this.#forget(path, key, before);
    }
    const reason = reasonOf(options.reason ?? "");
    const state: CloseState = {
      path,
      streamId: id64(options.streamId.hi, options.streamId.lo),
      opener: options.opener,
      scope: options.scope,
      status: options.status,
      finalCount: options.finalCount,
      reason,
      timer: NO_TIMER,
      queued: true,
      sentUs: Number.NEGATIVE_INFINITY,
      sentInPacket: Number.POSITIVE_INFINITY,
      resentUs: Number.NEGATIVE_INFINITY,
      transmissions: 0,
      earlier,
    };
    const number = this.#nextNumber++;
    this.#states.set(number, state);
    this.#numbers.set(state, number);
    path.openCloses.set(key, state);
    path.outbox.closes.push(state);
    this.#context.begin(nowUs, path);
  }

  /** Notes that a close is on the wire. */
  sent(nowUs: number, path: Path, state: CloseState, packetNumber: number): void {
    state.queued = false;
    const number = this.#numbers.get(state);
    if (number === undefined) return;
    state.sentUs = nowUs;
    state.sentInPacket = packetNumber;
    state.transmissions += 1;
    // In the order of their last packets.
    const key = keyOf(state.streamId, state.opener);
    path.openCloses.delete(key);
    path.openCloses.set(key, state);
    const deadline = nowUs + path.rtt.backedOffPtoUs;
    state.timer = this.#context.arm(state.timer, deadline, TimerKind.Close, number);
  }

  /** A close was not acknowledged in time. */
  onTimer(nowUs: number, number: number): void {
    const state = this.#states.get(number);
    if (state === undefined || state.queued) return;
    state.timer = NO_TIMER;
    state.path.rtt.expired(nowUs);
    state.path.health.sample(nowUs, 1);
    this.#context.counters.closesRepeatedTimer += 1;
    this.#again(state);
  }

  /** Obeys a STREAM_CLOSE; the second time it is only acknowledged. */
  onClose(path: Path, frame: StreamClose): void {
    const streamId = id64(frame.streamId.hi, frame.streamId.lo);
    const opener = !frame.opener;
    path.outbox.closeAcks.push({ streamId, opener });
    // On whichever path of the peer it comes.
    const key = `${path.peerName}.${keyOf(streamId, opener)}.${frame.scope}.${frame.status}`;
    if (this.#seen.has(key)) return;
    this.#seen.set(key, true);
    this.#context.events.push({
      kind: "streamClosed",
      path: path.id,
      streamId,
      opener,
      scope: frame.scope,
      status: frame.status,
      finalCount: frame.finalCount,
      reason: textOf(frame.reason),
    });
  }

  /** Obeys a STREAM_CLOSE_ACK: `opener` is said from the peer's point of view. */
  onAck(nowUs: number, path: Path, frame: StreamCloseAck): void {
    const key = keyOf(frame.streamId, !frame.opener);
    const state = path.openCloses.get(key);
    if (state === undefined) return;
    path.health.sample(nowUs, 0);
    // Each copy is answered at most once: only what comes beyond those of earlier closes is sure to be to this one.
    if (state.earlier > 0) {
      state.earlier -= 1;
      if (state.queued) return;
      state.timer = this.#context.disarm(state.timer);
      this.#context.counters.closesRepeatedFast += 1;
      this.#again(state);
      return;
    }
    if (state.transmissions > 1) this.#late.renew(lateKeyOf(path, key), state.transmissions - 1);
    else this.#late.delete(lateKeyOf(path, key));
    this.#forget(path, key, state);
    this.#infer(nowUs, path, state);
    this.#context.events.push({
      kind: "streamCloseAcknowledged",
      path: path.id,
      streamId: state.streamId,
    });
  }

  /** Says own closes that are not acknowledged on another path of the same peer. */
  move(nowUs: number, from: Path, to: Path): void {
    for (const [key, state] of from.openCloses) {
      this.#forget(from, key, state);
      this.close(nowUs, to, { ...state, reason: textOf(state.reason) });
    }
  }

  /** Forgets the closes of a path whose peer is gone. */
  failAll(path: Path): void {
    for (const [key, state] of path.openCloses) this.#forget(path, key, state);
  }

  // What was sent more than three packets before an answered close, and is unanswered, is lost. §13.2
  #infer(nowUs: number, path: Path, answered: CloseState): void {
    const { srttUs } = path.rtt;
    for (const older of path.openCloses.values()) {
      if (older.sentInPacket >= answered.sentInPacket - REORDER_PACKETS) return;
      if (older.sentUs > answered.sentUs - srttUs / 8) return;
      if (older.queued || nowUs - older.resentUs < srttUs) continue;
      older.resentUs = nowUs;
      older.timer = this.#context.disarm(older.timer);
      this.#context.counters.closesRepeatedFast += 1;
      this.#again(older);
    }
  }

  #again(state: CloseState): void {
    state.queued = true;
    state.path.outbox.closes.push(state);
    this.#context.dirty.add(state.path);
  }

  #forget(path: Path, key: string, state: CloseState): void {
    state.timer = this.#context.disarm(state.timer);
    const number = this.#numbers.get(state);
    if (number !== undefined) this.#states.delete(number);
    this.#numbers.delete(state);
    path.openCloses.delete(key);
    this.#context.end(path);
  }
}

/** Whether a close that waits to be sent was not taken back meanwhile. */
export function isPending(path: Path, state: CloseState): boolean {
  return path.openCloses.get(keyOf(state.streamId, state.opener)) === state;
}

function keyOf(streamId: Id64, opener: boolean): string {
  return `${formatId(streamId)}.${opener ? "o" : "a"}`;
}

function lateKeyOf(path: Path, key: string): string {
  return `${path.id}.${key}`;
}

// Cut where a character ends: half of one would have the peer understand nothing of it.
function reasonOf(text: string): Uint8Array {
  const bytes = encodeUtf8(text);
  let end = Math.min(bytes.length, WireLimit.maxReasonBytes);
  while (end < bytes.length && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.slice(0, end);
}

// A reason is for people: one that is not UTF-8 is not worth an error.
function textOf(reason: Uint8Array): string {
  try {
    return decodeUtf8(reason);
  } catch {
    return "";
  }
}
