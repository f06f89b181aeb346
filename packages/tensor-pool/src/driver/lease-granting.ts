import type { ControlFault } from "../control/control-adapter.js";
import type { AttachRequest } from "../control/attach-request.js";
import { ResponseCode, Role } from "../messages/generated/driver.js";
import { type AttachRefusal, type AttachTarget, checkAttach } from "./attach-check.js";
import { attachGranted, attachRefused } from "./driver-messages.js";
import type { DriverCounters, DriverEvent } from "./driver-report.js";
import type { DriverSettings } from "./driver-settings.js";
import type { LeaseTable } from "./lease-table.js";
import type { NodeIds } from "./node-ids.js";
import type { Outbox } from "./outbox.js";
import type { StreamEpochs } from "./stream-epochs.js";
import type { PoolStream, StreamTable } from "./stream-table.js";

/** What leases are granted with. */
export interface LeaseGrantingSetup {
  readonly settings: DriverSettings;
  readonly table: StreamTable;
  readonly leases: LeaseTable;
  readonly nodeIds: NodeIds;
  readonly epochs: StreamEpochs;
  readonly outbox: Outbox;
  readonly counters: DriverCounters;
  /** The number of the first lease; each later one is one more. */
  readonly firstLeaseId: bigint;
  readonly onEvent: (event: DriverEvent) => void;
  /** Tells everybody where a stream lies now. */
  readonly announce: (stream: PoolStream) => void;
}

const CORRELATION_OFFSET = 8;

/** Answers those who ask for leases: granted, refused, or the same as before. spec/tensor-pool.md §14.1 */
export class LeaseGranting {
  readonly #setup: LeaseGrantingSetup;
  #nextLeaseId: bigint;

  /** Grants none by itself. */
  constructor(setup: LeaseGrantingSetup) {
    this.#setup = setup;
    this.#nextLeaseId = setup.firstLeaseId;
  }

  /** Answers a request. */
  attach(request: AttachRequest, nowNs: bigint): void {
    const { settings, table, leases, nodeIds, outbox } = this.#setup;
    const held = leases.ofClient(request.clientId);
    if (held?.correlationId === request.correlationId && held.role === request.role) {
      outbox.put("control", held.answer);
      return;
    }
    const { streams } = table;
    const target = checkAttach(request, { settings, leases, nodeIds, streams, nowNs });
    if ("code" in target) this.refuse(request, target);
    else this.#grant(request, target, nowNs);
  }

  /** Refuses a request. */
  refuse({ correlationId, clientId }: AttachRequest, refusal: AttachRefusal): void {
    this.#answerRefused(correlationId, refusal);
    this.#setup.onEvent({ kind: "refused", clientId, message: refusal.message });
  }

  /** Tells a client of a version that is not ours so, as far as its request can be read at all. */
  answerVersion({ outcome, name, view, offset, length }: ControlFault): void {
    if (outcome !== "wrongVersion" || name !== "shmAttachRequest") return;
    if (length < CORRELATION_OFFSET + 8) return;
    const correlationId = view.getBigInt64(offset + CORRELATION_OFFSET, true);
    const message = "this driver speaks version 1";
    this.#answerRefused(correlationId, { code: ResponseCode.UNSUPPORTED, message });
  }

  #grant(request: AttachRequest, target: AttachTarget, nowNs: bigint): void {
    const { settings, table, leases, nodeIds, epochs, outbox, counters } = this.#setup;
    const { streamId, profile, role } = target;
    const isNew = !table.streams.has(streamId);
    const stream = table.ensure(streamId, profile);
    if (role === Role.PRODUCER || stream.regions === undefined) {
      const failed = epochs.begin(stream, nowNs);
      if (failed !== undefined) {
        if (isNew) table.streams.delete(streamId);
        this.refuse(request, { code: ResponseCode.INTERNAL_ERROR, message: failed.message });
        return;
      }
    }
    const { clientId, correlationId } = request;
    const layout = table.layout(stream, leases.producerOf(streamId)?.clientId ?? 0, nowNs);
    if (layout === undefined) return;
    const granted = {
      leaseId: this.#nextLeaseId++,
      correlationId,
      nodeId: nodeIds.take(request.desiredNodeId, nowNs),
      expiryNs: nowNs + settings.leaseNs,
    };
    const answer = attachGranted(granted, layout);
    leases.add({ ...granted, answer, streamId, clientId, role, epoch: stream.epoch });
    counters.attaches++;
    outbox.put("control", answer);
    this.#setup.announce(stream);
    const { leaseId } = granted;
    this.#setup.onEvent({ kind: "attached", streamId, clientId, role, leaseId });
  }

  #answerRefused(correlationId: bigint, refusal: AttachRefusal): void {
    const { counters, outbox } = this.#setup;
    const { rejects } = counters;
    rejects[refusal.code] = (rejects[refusal.code] ?? 0) + 1;
    outbox.put("control", attachRefused(correlationId, refusal));
  }
}
