import type { RandomSource } from "@proj/wire-types";
import type { GrantedLease } from "./attach-check.js";
import { attachMessage, type ClientIdentity, detachMessage } from "./lease-messages.js";
import type { LeaseRequest } from "./lease-request.js";
import { randomInt64 } from "./random-ids.js";

/** Offers a message to the control stream; returns whether it was taken. */
export type SendControl = (bytes: Uint8Array) => boolean;

const MAX_WAITING = 64;

/** What a client asks of its driver and has not sent yet, each with a correlation id of its own. spec/tensor-pool.md §14.3 */
export class LeaseRequests {
  readonly #waiting: Uint8Array[] = [];
  #nextCorrelationId: bigint;

  /** Starts at a random correlation id. */
  constructor(random: RandomSource) {
    this.#nextCorrelationId = randomInt64(random);
  }

  /** Asks for a lease; returns the correlation id of the answer. */
  attach(request: LeaseRequest, clientId: number): bigint {
    const correlationId = this.#nextId();
    this.#put(attachMessage(request, clientId, correlationId));
    return correlationId;
  }

  /** Gives a lease back; returns the correlation id of the answer. */
  detach(lease: GrantedLease, identity: ClientIdentity): bigint {
    const correlationId = this.#nextId();
    this.#put(detachMessage(lease, identity, correlationId));
    return correlationId;
  }

  /** Forgets what was asked and is not needed any more: it must not be asked later. */
  clear(): void {
    this.#waiting.length = 0;
  }

  /** Offers what waits to `send`, until it takes no more; returns whether it took everything. */
  transmit(send: SendControl): boolean {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      if (!send(first)) return false;
      this.#waiting.shift();
    }
    return true;
  }

  #put(message: Uint8Array): void {
    if (this.#waiting.length < MAX_WAITING) this.#waiting.push(message);
  }

  #nextId(): bigint {
    const id = this.#nextCorrelationId;
    this.#nextCorrelationId = BigInt.asIntN(64, id + 1n);
    return id;
  }
}
