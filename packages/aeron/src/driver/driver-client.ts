import type { AtomicBuffer } from "../memory/atomic-buffer.js";
import type { IpcPublication } from "./ipc-publication.js";

/** A client as its driver knows it: what it holds, and when it was last seen. */
export class DriverClient {
  /** Its id. */
  readonly clientId: bigint;
  /** The counter in which it shows that it lives. */
  readonly heartbeatCounterId: number;
  /** Its publications by the command that added them. */
  readonly publications: Map<bigint, IpcPublication> = new Map();
  /** The commands that added its subscriptions. */
  readonly subscriptions: Set<bigint> = new Set();
  /** Its counters by the command that added them. */
  readonly counters: Map<bigint, number> = new Map();
  readonly #heartbeat: AtomicBuffer;

  /** `heartbeat` is the value record of its counter. */
  constructor(clientId: bigint, heartbeatCounterId: number, heartbeat: AtomicBuffer) {
    this.clientId = clientId;
    this.heartbeatCounterId = heartbeatCounterId;
    this.#heartbeat = heartbeat;
  }

  /** When it was last seen, in epoch milliseconds. */
  lastSeenMs(): number {
    return Number(this.#heartbeat.longAcquire(0));
  }

  /** Notes that it was seen. */
  touch(nowMs: number): void {
    this.#heartbeat.putLongRelease(0, BigInt(nowMs));
  }

  /** Notes that it has said goodbye. */
  leave(): void {
    this.#heartbeat.putLongRelease(0, 0n);
  }
}
