import type { RandomSource } from "@proj/wire-types";
import { ControlAdapter } from "../control/control-adapter.js";
import {
  ResponseCode,
  Role,
  type ShmAttachResponse,
  type ShmDetachResponse,
  type ShmDriverShutdown,
  type ShmLeaseRevoked,
} from "../messages/generated/driver.js";
import { ALREADY_ATTACHED } from "../driver/attach-check.js";
import { checkGranted, type GrantedLease } from "./attach-check.js";
import { Backoff } from "./backoff.js";
import type { LeaseEvent, LeaseLoss } from "./lease-event.js";
import { type ClientIdentity, keepaliveMessage } from "./lease-messages.js";
import { type LeaseRequest, type LeaseTimes, leaseTimes } from "./lease-request.js";
import { LeaseRequests, type SendControl } from "./lease-requests.js";
import { randomClientId } from "./random-ids.js";

type State =
  | { readonly kind: "unattached" }
  | { readonly kind: "attaching"; readonly correlationId: bigint; readonly untilNs: bigint }
  | { readonly kind: "attached"; readonly lease: GrantedLease }
  | { readonly kind: "detaching"; readonly correlationId: bigint; readonly untilNs: bigint }
  | { readonly kind: "backoff"; readonly untilNs: bigint };

/** Where a lease stands at its client. spec/tensor-pool.md §14.3 */
export type LeaseState = "unattached" | "attaching" | "attached" | "detaching" | "backoff";

/**
 * One client's lease on one stream: attached, kept alive, lost and won again. spec/tensor-pool.md §14.3
 *
 * ```
 *   unattached ──attach()──▶ attaching ──granted──▶ attached ──detach()──▶ detaching ──▶ unattached
 *                               ▲  │ refused · wrong · silence  │ revoked · shutdown · keepalives fail
 *                               └──┴────── backoff ◀────────────┘
 * ```
 * A driver of it calls `receive` for each message of the control stream, `tick` when `nextDeadlineNs()` has come,
 * `transmit` after either, and then takes events until there are none.
 */
export class LeaseClient {
  /** Reads the control stream. */
  readonly adapter: ControlAdapter;
  readonly #request: LeaseRequest;
  readonly #times: LeaseTimes;
  readonly #random: RandomSource;
  readonly #backoff: Backoff;
  readonly #events: LeaseEvent[] = [];
  readonly #requests: LeaseRequests;
  #state: State = { kind: "unattached" };
  #nowNs = 0n;
  #clientId: number;
  #nextKeepaliveNs = 0n;
  #lastKeepaliveNs = 0n;
  #askedNs = 0n;
  #newEpochUntilNs: bigint | undefined;
  #awaitsDriver = false;

  /** Starts unattached. */
  constructor(request: LeaseRequest, random: RandomSource) {
    this.#request = request;
    this.#times = leaseTimes(request);
    this.#random = random;
    this.#backoff = new Backoff(random);
    this.#clientId = request.clientId ?? randomClientId(random);
    this.#requests = new LeaseRequests(random);
    this.adapter = new ControlAdapter({
      handlers: {
        shmAttachResponse: (response) => {
          this.#answered(response);
        },
        shmDetachResponse: (response) => {
          this.#detached(response);
        },
        shmLeaseRevoked: (revoked) => {
          this.#revoked(revoked);
        },
        shmDriverShutdown: (shutdown) => {
          this.#driverStopped(shutdown);
        },
      },
    });
  }

  /** Where it stands. */
  get state(): LeaseState {
    return this.#state.kind;
  }

  /** Who it is to the driver; a random id changes when it was taken. */
  get clientId(): number {
    return this.#clientId;
  }

  /** The lease, while there is one. */
  get lease(): GrantedLease | undefined {
    return this.#state.kind === "attached" ? this.#state.lease : undefined;
  }

  /** Until when the lease surely lives, in monotonic nanoseconds; 0 without one. */
  get validUntilNs(): bigint {
    return this.#state.kind === "attached" ? this.#lastKeepaliveNs + this.#times.windowNs : 0n;
  }

  /** Asks for the lease, and goes on asking until it is detached. Harmless while it does already. */
  attach(nowNs: bigint): void {
    this.#nowNs = nowNs;
    if (this.#state.kind === "unattached") this.#ask();
  }

  /** Gives the lease back, or stops asking for it. */
  detach(nowNs: bigint): void {
    this.#nowNs = nowNs;
    const state = this.#state;
    if (state.kind === "detaching" || state.kind === "unattached") return;
    this.#requests.clear();
    if (state.kind !== "attached") {
      this.#state = { kind: "unattached" };
      this.#events.push({ kind: "detached" });
      return;
    }
    const correlationId = this.#requests.detach(state.lease, this.#identity());
    this.#state = { kind: "detaching", correlationId, untilNs: nowNs + this.#times.answerNs };
  }

  /** Takes one message of the control stream, whoever it is for. */
  receive(nowNs: bigint, view: DataView, offset: number, length: number): void {
    this.#nowNs = nowNs;
    this.adapter.receive(view, offset, length);
  }

  /** Takes the epoch of an announce of the stream: a driver is there again, and a producer may have come back. */
  announced(nowNs: bigint, epoch: bigint): void {
    this.#nowNs = nowNs;
    const state = this.#state;
    if (state.kind === "backoff" && this.#awaitsDriver) this.#ask();
    if (state.kind === "attached" && epoch > state.lease.layout.epoch) {
      this.#newEpochUntilNs = undefined;
    }
  }

  /** Says that the regions could be mapped: the next failure is again the first. */
  mapped(): void {
    this.#backoff.reset();
  }

  /** Says that what was attached cannot be mapped: the lease is given back, and asked for again after a while. */
  unusable(nowNs: bigint): void {
    this.#nowNs = nowNs;
    if (this.#state.kind === "attached") this.#giveUp(this.#state.lease);
  }

  /** Does what is due. */
  tick(nowNs: bigint): void {
    this.#nowNs = nowNs;
    const state = this.#state;
    if (state.kind === "attaching" && nowNs >= state.untilNs) {
      this.#fail({ kind: "timedOut" });
    } else if (state.kind === "detaching" && nowNs >= state.untilNs) {
      this.#state = { kind: "unattached" };
      this.#events.push({ kind: "detached" });
    } else if (state.kind === "backoff" && nowNs >= state.untilNs) this.#ask();
    else if (state.kind === "attached") this.#tickAttached(state.lease);
  }

  /** Offers what waits to `send`, until it takes no more. */
  transmit(nowNs: bigint, send: SendControl): void {
    this.#nowNs = nowNs;
    if (!this.#requests.transmit(send)) return;
    const state = this.#state;
    if (state.kind !== "attached" || nowNs < this.#nextKeepaliveNs) return;
    if (!send(keepaliveMessage(state.lease, this.#identity(), nowNs))) return;
    this.#lastKeepaliveNs = nowNs;
    this.#nextKeepaliveNs = nowNs + this.#times.keepaliveNs;
  }

  /** When `tick` and `transmit` are next due, in monotonic nanoseconds; `undefined` for never. */
  nextDeadlineNs(): bigint | undefined {
    const state = this.#state;
    if (state.kind === "unattached") return undefined;
    if (state.kind !== "attached") return state.untilNs;
    const epochNs = this.#newEpochUntilNs;
    return epochNs !== undefined && epochNs < this.#nextKeepaliveNs
      ? epochNs
      : this.#nextKeepaliveNs;
  }

  /** What has happened, oldest first. */
  nextEvent(): LeaseEvent | undefined {
    return this.#events.shift();
  }

  #ask(): void {
    const correlationId = this.#requests.attach(this.#request, this.#clientId);
    this.#askedNs = this.#nowNs;
    this.#awaitsDriver = false;
    const untilNs = this.#nowNs + this.#times.answerNs;
    this.#state = { kind: "attaching", correlationId, untilNs };
  }

  // Answers to others come on the same stream, and those to what is no longer open.
  #answered(response: ShmAttachResponse): void {
    const state = this.#state;
    if (state.kind !== "attaching" || state.correlationId !== response.correlationId) return;
    if (response.code !== ResponseCode.OK) {
      this.#refused(response);
      return;
    }
    const { role, streamId } = this.#request;
    const producerId = role === Role.PRODUCER ? this.#clientId : 0;
    const lease = checkGranted(response, streamId, producerId);
    if (typeof lease === "string") {
      this.#fail({ kind: "protocolError", message: lease });
      return;
    }
    this.#state = { kind: "attached", lease };
    // The lease began after it was asked for: what it lives longer at the driver is not counted on.
    this.#lastKeepaliveNs = this.#askedNs;
    this.#nextKeepaliveNs = this.#askedNs + this.#times.keepaliveNs;
    this.#newEpochUntilNs = undefined;
    this.#events.push({ kind: "attached", lease });
  }

  #refused({ code, errorMessage: message }: ShmAttachResponse): void {
    if (message === ALREADY_ATTACHED && this.#request.clientId === undefined) {
      this.#clientId = randomClientId(this.#random);
    }
    this.#fail({ kind: "refused", code, message });
  }

  #detached({ correlationId }: ShmDetachResponse): void {
    const state = this.#state;
    if (state.kind !== "detaching" || state.correlationId !== correlationId) return;
    this.#state = { kind: "unattached" };
    this.#events.push({ kind: "detached" });
  }

  #revoked({ leaseId, streamId, role, reason, errorMessage }: ShmLeaseRevoked): void {
    const state = this.#state;
    if (state.kind !== "attached") return;
    if (leaseId === state.lease.leaseId) {
      this.#lose({ kind: "revoked", reason, message: errorMessage });
      return;
    }
    const follows = role === Role.PRODUCER && streamId === state.lease.layout.streamId;
    if (!follows || this.#request.role !== Role.CONSUMER) return;
    this.#newEpochUntilNs = this.#nowNs + this.#times.newEpochNs;
    this.#events.push({ kind: "producerGone" });
  }

  #driverStopped({ reason }: ShmDriverShutdown): void {
    if (this.#state.kind === "attached") {
      this.#lose({ kind: "shutdown", reason });
      this.#awaitsDriver = true;
    } else if (this.#state.kind === "detaching") {
      this.#state = { kind: "unattached" };
      this.#events.push({ kind: "detached" });
    }
  }

  #tickAttached(lease: GrantedLease): void {
    // Without an expiry only the driver says when it is over.
    if (lease.expiryNs !== undefined && this.#nowNs >= this.validUntilNs) {
      this.#lose({ kind: "keepaliveFailed" });
      return;
    }
    const untilNs = this.#newEpochUntilNs;
    if (untilNs === undefined || this.#nowNs < untilNs) return;
    this.#giveUp(lease);
    this.#events.push({ kind: "lost", loss: { kind: "noNewEpoch" } });
  }

  #giveUp(lease: GrantedLease): void {
    this.#retryLater();
    this.#requests.detach(lease, this.#identity());
  }

  #lose(loss: LeaseLoss): void {
    this.#retryLater();
    this.#events.push({ kind: "lost", loss });
  }

  #fail(event: LeaseEvent): void {
    this.#retryLater();
    this.#events.push(event);
  }

  #retryLater(): void {
    this.#requests.clear();
    this.#newEpochUntilNs = undefined;
    this.#state = { kind: "backoff", untilNs: this.#nowNs + this.#backoff.failed() };
  }

  #identity(): ClientIdentity {
    return { clientId: this.#clientId, role: this.#request.role };
  }
}
