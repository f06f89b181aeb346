import {
  formatShmUri,
  type Gauge,
  type LogLevel,
  type RandomSource,
  type ShmObjectUri,
  silentTelemetry,
  type Telemetry,
  type Timer,
  type Timers,
} from "@proj/wire-types";
import type { Attachment } from "../attachment.js";
import {
  type AttachmentOutbox,
  type LeaseEnd,
  type PlacedEther,
} from "../attachments/attachment-outbox.js";
import { attachmentPlacement } from "../attachments/attachment-policy.js";
import { EtherError } from "../errors.js";
import type { Ether } from "../ether.js";
import type { PosixShm } from "./posix-shm.js";
import { newShmName } from "./shm-name.js";

/** How long the receiver has to copy an object. spec/xcp.md §16.3 */
export const DEFAULT_LEASE_MS = 30_000;

const DEFAULT_NAMESPACE = "ether";
const DEFAULT_MAX_BYTES = 1_073_741_824;

/** What a {@link ShmOutbox} works with. */
export interface ShmOutboxOptions {
  /** Where objects live. */
  readonly shm: PosixShm;
  /** End leases. */
  readonly timers: Timers;
  /** Makes names. */
  readonly random: RandomSource;
  /** Whether the connection negotiated shared memory; asked for every Ether. */
  readonly isProven: () => boolean;
  /** The `<ns>` of URIs; default `ether`. */
  readonly namespace?: string;
  /** Lease in ms, 0 = until released; default {@link DEFAULT_LEASE_MS}. */
  readonly leaseMs?: number;
  /** Smallest inline size that goes to shared memory; default 256 KiB. */
  readonly shmMinBytes?: number;
  /** Bytes of all objects that are out at one time; default 1 GiB. */
  readonly maxBytes?: number;
  /** Hears of every object. §21 */
  readonly telemetry?: Telemetry;
}

/** An object that was made for a receiver. */
export interface ShmLease {
  /** Names the object, with its size. */
  readonly uri: string;
  /** Size in bytes. */
  readonly sizeBytes: number;
  /** Unlinks the object; harmless afterwards. */
  settle(end: LeaseEnd): void;
}

/**
 * Puts bytes into shared memory for the peer of one connection, and takes them away again on ACK, NACK, RELEASE, loss of
 * the connection or the end of the lease.
 *
 * @see spec/xcp.md §16.3
 */
export class ShmOutbox implements AttachmentOutbox {
  readonly #options: ShmOutboxOptions;
  readonly #leases = new Map<string, Lease>();
  readonly #telemetry: Telemetry;
  readonly #gauge: Gauge;
  #bytes = 0;

  /** One outbox for one connection. */
  constructor(options: ShmOutboxOptions) {
    this.#options = options;
    this.#telemetry = options.telemetry ?? silentTelemetry;
    this.#gauge = this.#telemetry.meter.gauge({
      name: "xcp_shm_objects",
      help: "Shared-memory objects that wait for their receiver.",
    });
  }

  /** Objects that are out. */
  get objects(): number {
    return this.#leases.size;
  }

  /** Bytes of the objects that are out. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Copies `bytes` into a new object.
   *
   * @throws EtherError `ether.shm_unavailable` when there is no room or no proof.
   */
  put(bytes: Uint8Array): ShmLease {
    const { shm, timers, random, isProven, maxBytes = DEFAULT_MAX_BYTES } = this.#options;
    if (!isProven()) throw unavailable("the peer has not proved to be on this host");
    if (bytes.length > maxBytes - this.#bytes) {
      throw unavailable(`${bytes.length} bytes more than ${this.#bytes} out pass ${maxBytes}`);
    }
    const uri: ShmObjectUri = {
      kind: "object",
      namespace: this.#options.namespace ?? DEFAULT_NAMESPACE,
      name: newShmName(random),
      range: { offset: 0, size: bytes.length },
    };
    shm.create(uri, bytes);
    const lease = new Lease(uri, (end) => this.#end(lease, end));
    const leaseMs = this.#options.leaseMs ?? DEFAULT_LEASE_MS;
    if (leaseMs > 0) lease.arm(timers.schedule(leaseMs * 1000, () => lease.settle("leaseOver")));
    this.#leases.set(lease.uri, lease);
    this.#bytes += bytes.length;
    this.#report("debug", "xcp.shm_create", { bytes: bytes.length });
    return lease;
  }

  /** Places attachments of at least the policy's size; those for which there is no room stay inline. */
  place(ether: Ether): PlacedEther {
    const leases: ShmLease[] = [];
    const attachments = ether.attachments.map((attachment) => this.#placeOne(attachment, leases));
    return {
      ether: leases.length === 0 ? ether : { ...ether, attachments },
      objects: leases.length,
      settle: (end) => {
        for (const lease of leases) lease.settle(end);
      },
    };
  }

  /** Gives back the object that a RELEASE names in its `lease`; `false` when it is not out. §7 */
  release(uri: string): boolean {
    const lease = this.#leases.get(uri);
    lease?.settle("released");
    return lease !== undefined;
  }

  /** Unlinks everything: the connection is gone. */
  close(): void {
    for (const lease of Array.from(this.#leases.values())) lease.settle("connectionLost");
  }

  #placeOne(attachment: Attachment, leases: ShmLease[]): Attachment {
    const { isProven, shmMinBytes } = this.#options;
    const policy = {
      sharedMem: isProven(),
      ...(shmMinBytes === undefined ? {} : { shmMinBytes }),
    };
    const { inlineBytes, ...rest } = attachment;
    if (inlineBytes === undefined || attachmentPlacement(attachment, policy) !== "shm") {
      return attachment;
    }
    try {
      const lease = this.put(inlineBytes);
      leases.push(lease);
      return { ...rest, uri: lease.uri, sizeBytes: inlineBytes.length };
    } catch (thrown) {
      if (thrown instanceof EtherError && thrown.code === "ether.shm_unavailable")
        return attachment;
      throw thrown;
    }
  }

  #end(lease: Lease, end: LeaseEnd): void {
    this.#leases.delete(lease.uri);
    this.#bytes -= lease.sizeBytes;
    let gone = true;
    try {
      this.#options.shm.unlink(lease.object);
    } catch {
      gone = false;
    }
    const leaked = !gone || end === "leaseOver";
    const event = leaked ? "xcp.shm_leak" : "xcp.shm_unlink";
    this.#report(leaked ? "warn" : "debug", event, { bytes: lease.sizeBytes, end, unlinked: gone });
  }

  #report(
    level: LogLevel,
    event: string,
    fields: Readonly<Record<string, string | number | boolean>>,
  ): void {
    this.#gauge.set(this.#leases.size);
    this.#telemetry.log.log({ level, event, fields });
  }
}

class Lease implements ShmLease {
  readonly object: ShmObjectUri;
  readonly uri: string;
  readonly sizeBytes: number;
  #end: ((end: LeaseEnd) => void) | undefined;
  #timer: Timer | undefined;

  constructor(object: ShmObjectUri, end: (end: LeaseEnd) => void) {
    this.object = object;
    this.uri = formatShmUri(object);
    this.sizeBytes = object.range?.size ?? 0;
    this.#end = end;
  }

  arm(timer: Timer): void {
    this.#timer = timer;
  }

  settle(end: LeaseEnd): void {
    this.#timer?.cancel();
    const once = this.#end;
    this.#end = undefined;
    once?.(end);
  }
}

function unavailable(what: string): EtherError {
  return new EtherError("ether.shm_unavailable", `shared memory: ${what}`);
}
