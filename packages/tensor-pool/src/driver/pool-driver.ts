import type { RandomSource } from "@proj/wire-types";
import { ControlAdapter } from "../control/control-adapter.js";
import type { AttachRequest } from "../control/attach-request.js";
import {
  LeaseRevokeReason,
  ResponseCode,
  Role,
  type ShmDetachRequest,
  type ShmDriverShutdownRequest,
  ShutdownReason,
} from "../messages/generated/driver.js";
import { detachAnswer, driverShutdown, leaseRevoked } from "./driver-messages.js";
import {
  type DriverCounters,
  type DriverEvent,
  type DriverState,
  type LeaseReport,
  newDriverCounters,
  type StreamReport,
} from "./driver-report.js";
import { leaseReports, streamReports } from "./list-reports.js";
import type { DriverSettings } from "./driver-settings.js";
import { LeaseGranting } from "./lease-granting.js";
import { firstLeaseId, type Lease, type LeaseKey, LeaseTable } from "./lease-table.js";
import { NodeIds } from "./node-ids.js";
import { type DriverMessage, Outbox } from "./outbox.js";
import type { RegionStore } from "./region-store.js";
import { tokenMatches } from "./shutdown-token.js";
import { StreamAnnouncer } from "./stream-announcer.js";
import { StreamEpochs } from "./stream-epochs.js";
import { StreamTable } from "./stream-table.js";

/** What a driver stands on. */
export interface PoolDriverSetup {
  /** How it treats clients and epochs. */
  readonly settings: DriverSettings;
  /** Makes and removes the files of epochs. */
  readonly regions: RegionStore;
  /** Where the first lease's number comes from. */
  readonly random: RandomSource;
  /** Now, in monotonic nanoseconds. */
  readonly nowNs: bigint;
}

type State =
  | { readonly kind: "running" }
  | { readonly kind: "draining"; readonly reason: ShutdownReason; readonly untilNs: bigint }
  | { readonly kind: "stopped" };

const STOPPING = { code: ResponseCode.REJECTED, message: "the driver is stopping" } as const;

/**
 * The driver of tensor pools: it makes regions, hands out leases, begins epochs and announces them. spec/tensor-pool.md §14
 *
 * ```
 *   running ──shutdown()·token──▶ draining ──time is up──▶ stopped
 *
 *   of a lease:  attach ──▶ active ──▶ detached · expired · revoked, told once
 * ```
 * Calls by kind, in the order in which a driver of it makes them:
 * - from the control stream: `receive(nowNs, view, offset, length)`
 * - commands: `revoke`, `shutdown`, `halt`
 * - time: `tick(nowNs)`, due at `nextDeadlineNs()`
 * - to the streams: `nextMessage()` and, when it was sent, `sent()`
 * - for its owner: `nextEvent()`
 */
export class PoolDriver {
  /** What it has counted. */
  readonly counters: DriverCounters = newDriverCounters();
  /** Reads the control stream; its counters tell what was malformed. */
  readonly adapter: ControlAdapter;
  readonly #settings: DriverSettings;
  readonly #table: StreamTable;
  readonly #leases = new LeaseTable();
  readonly #epochs: StreamEpochs;
  readonly #nodeIds: NodeIds;
  readonly #granting: LeaseGranting;
  readonly #outbox = new Outbox();
  readonly #announcer: StreamAnnouncer;
  readonly #events: DriverEvent[] = [];
  #state: State = { kind: "running" };
  #nowNs: bigint;

  /** Starts above whatever epochs lie there. */
  constructor(setup: PoolDriverSetup) {
    const { settings, nowNs } = setup;
    this.#settings = settings;
    this.#table = new StreamTable(settings, setup.regions);
    this.#nodeIds = new NodeIds(settings.nodeIdCooldownNs);
    this.#nowNs = nowNs;
    this.#announcer = new StreamAnnouncer({
      table: this.#table,
      leases: this.#leases,
      outbox: this.#outbox,
      periodNs: settings.announcePeriodNs,
      nowNs,
    });
    this.#epochs = new StreamEpochs({
      settings,
      table: this.#table,
      store: setup.regions,
      leases: this.#leases,
      nowNs,
      onEvent: (event) => {
        this.#events.push(event);
      },
      onCollected: () => {
        this.counters.gcDeleted++;
      },
    });
    this.#granting = new LeaseGranting({
      settings,
      table: this.#table,
      leases: this.#leases,
      nodeIds: this.#nodeIds,
      epochs: this.#epochs,
      outbox: this.#outbox,
      counters: this.counters,
      firstLeaseId: firstLeaseId(setup.random),
      onEvent: (event) => {
        this.#events.push(event);
      },
      announce: (stream) => {
        this.#announcer.announce(stream, this.#nowNs);
      },
    });
    this.adapter = new ControlAdapter({
      handlers: {
        shmAttachRequest: (request) => {
          this.#attach(request);
        },
        shmDetachRequest: (request) => {
          this.#detach(request);
        },
        shmLeaseKeepalive: (keepalive) => {
          this.#keepAlive(keepalive);
        },
        shmDriverShutdownRequest: (request) => {
          this.#shutdownRequested(request);
        },
      },
      onFault: (fault) => {
        this.#granting.answerVersion(fault);
      },
    });
  }

  /** Whether it takes attaches, lets clients leave, or is over. */
  get state(): DriverState {
    return this.#state.kind;
  }

  /** Takes one message of the control stream; it does not matter what it is. */
  receive(nowNs: bigint, view: DataView, offset: number, length: number): void {
    this.#nowNs = nowNs;
    if (this.#state.kind !== "stopped") this.adapter.receive(view, offset, length);
  }

  /** Takes a lease back. @returns Whether it was active. */
  revoke(nowNs: bigint, leaseId: bigint, text: string): boolean {
    this.#nowNs = nowNs;
    const lease = this.#leases.byId(leaseId);
    if (lease === undefined || this.#state.kind === "stopped") return false;
    this.counters.revoked++;
    this.#end(lease, LeaseRevokeReason.REVOKED, text);
    return true;
  }

  /** Begins to stop: nobody is attached any more, and after a while all leases are void. */
  shutdown(nowNs: bigint, reason: ShutdownReason = ShutdownReason.NORMAL): void {
    this.#nowNs = nowNs;
    if (this.#state.kind !== "running") return;
    this.#state = { kind: "draining", reason, untilNs: nowNs + this.#settings.shutdownTimeoutNs };
    this.#events.push({ kind: "draining", reason });
    this.#announcer.announceAll(nowNs);
  }

  /** Stops at once: its transport is gone, so that nobody can be told. */
  halt(nowNs: bigint): void {
    this.#nowNs = nowNs;
    if (this.#state.kind !== "stopped") this.#stop(ShutdownReason.ERROR);
  }

  /** Does what is due: leases end, streams are announced, old files go. */
  tick(nowNs: bigint): void {
    this.#nowNs = nowNs;
    const state = this.#state;
    if (state.kind === "stopped") return;
    for (const lease of this.#leases) {
      if (nowNs < lease.expiryNs) continue;
      this.counters.expired++;
      this.#end(lease, LeaseRevokeReason.EXPIRED, "no keepalive");
    }
    this.#announcer.tick(nowNs);
    if (nowNs >= this.#epochs.nextCollectNs) this.#epochs.collect(nowNs);
    if (state.kind === "draining" && nowNs >= state.untilNs) this.#stop(state.reason);
  }

  /** When `tick` is next due, in monotonic nanoseconds; `undefined` once it has stopped. */
  nextDeadlineNs(): bigint | undefined {
    if (this.#state.kind === "stopped") return undefined;
    const { nextCollectNs } = this.#epochs;
    let next = this.#announcer.nextNs < nextCollectNs ? this.#announcer.nextNs : nextCollectNs;
    if (this.#state.kind === "draining" && this.#state.untilNs < next) next = this.#state.untilNs;
    for (const { expiryNs } of this.#leases) if (expiryNs < next) next = expiryNs;
    return next;
  }

  /** The message that goes out next, again until `sent` is called. */
  nextMessage(): DriverMessage | undefined {
    return this.#outbox.peek();
  }

  /** Says that the message was sent, or that nobody is there to take it. */
  sent(): void {
    this.#outbox.shift();
    this.counters.messagesDropped = this.#outbox.dropped;
  }

  /** What its owner may want to know, oldest first. */
  nextEvent(): DriverEvent | undefined {
    return this.#events.shift();
  }

  /** Whether a stream is one of its own. */
  hasStream(streamId: number): boolean {
    return this.#table.streams.has(streamId);
  }

  /** Lists the streams. */
  streams(): StreamReport[] {
    return streamReports(this.#table.streams.values(), this.#leases);
  }

  /** Lists the active leases. */
  leases(): LeaseReport[] {
    return leaseReports(this.#leases, this.#nowNs);
  }

  #attach(request: AttachRequest): void {
    if (this.#state.kind === "running") this.#granting.attach(request, this.#nowNs);
    else this.#granting.refuse(request, STOPPING);
  }

  #detach({ correlationId, ...key }: ShmDetachRequest): void {
    const lease = this.#leases.matching(key);
    if (lease === undefined) {
      this.#outbox.put(
        "control",
        detachAnswer(correlationId, ResponseCode.REJECTED, "unknown lease"),
      );
      return;
    }
    this.counters.detached++;
    this.#end(lease, LeaseRevokeReason.DETACHED, "", () => {
      this.#outbox.put("control", detachAnswer(correlationId, ResponseCode.OK, ""));
    });
  }

  #keepAlive(key: LeaseKey): void {
    const lease = this.#leases.matching(key);
    if (lease === undefined) this.counters.keepalivesIgnored++;
    else lease.expiryNs = this.#nowNs + this.#settings.leaseNs;
  }

  #shutdownRequested({ token, reason }: ShmDriverShutdownRequest): void {
    if (tokenMatches(this.#settings.shutdownToken, token)) this.shutdown(this.#nowNs, reason);
    else this.counters.shutdownsIgnored++;
  }

  // Told in this order: the lease is over; whoever gave it back is answered; the epoch that nobody writes yet.
  #end(lease: Lease, reason: LeaseRevokeReason, text: string, answer?: () => void): void {
    const { streamId, clientId, role, nodeId } = lease;
    this.#leases.remove(lease);
    if (nodeId !== undefined) this.#nodeIds.release(nodeId, this.#nowNs);
    this.#outbox.put("control", leaseRevoked(lease, reason, this.#nowNs, text));
    answer?.();
    this.#events.push({ kind: "leaseEnded", streamId, clientId, role, reason });
    const stream = this.#table.streams.get(streamId);
    if (stream === undefined || role !== Role.PRODUCER) return;
    // What the producer may still be writing must not be read as if nothing had happened.
    if (this.#epochs.begin(stream, this.#nowNs) === undefined) {
      this.#announcer.announce(stream, this.#nowNs);
    } else this.#table.forget(stream);
  }

  #stop(reason: ShutdownReason): void {
    this.#state = { kind: "stopped" };
    this.#outbox.put("control", driverShutdown(reason, this.#nowNs, ""));
    this.#epochs.end();
    this.#events.push({ kind: "stopped", reason });
  }
}
