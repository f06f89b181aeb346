import { randomFillSync } from "node:crypto";
import type { Client, Publication } from "@proj/aeron";
import { type Backend, backend as machine, type ShmFolders, type ShmPolicy } from "@proj/native-io";
import { isWireError } from "@proj/wire-types";
import { checkAnnounce, type StreamLayout } from "../announce/announce.js";
import { ControlAdapter } from "../control/control-adapter.js";
import type { GrantedLease } from "../driver-client/attach-check.js";
import { LeaseClient } from "../driver-client/lease-client.js";
import type { LeaseEvent } from "../driver-client/lease-event.js";
import type { LeaseRequest } from "../driver-client/lease-request.js";
import type { Logger } from "../log/logger.js";
import { StreamLog } from "../log/stream-log.js";
import { DEFAULT_CHANNEL, StreamIds } from "../stream-ids.js";
import {
  type MessageHandler,
  type MessagePoller,
  offerMessage,
  openPoller,
} from "./message-poller.js";
import { monotonicNs } from "./monotonic-clock.js";

/** Between turns of an attachment that nobody polls, in milliseconds. */
const TURN_MS = 10;

/** How a client reaches its driver. */
export interface AttachmentOptions extends Omit<LeaseRequest, "role" | "streamId"> {
  /** The client that carries the messages. */
  readonly client: Client;
  /** The stream; `undefined` for one that the driver chooses, where it lets clients have streams. */
  readonly streamId: number | undefined;
  /** The channel of control messages; the same text for all who meet on it. */
  readonly controlChannel?: string;
  /** The stream of control messages. */
  readonly controlStreamId?: number;
  /** The channel of announces; by default the one of control messages. */
  readonly announceChannel?: string;
  /** The stream of announces; by default 1001. Those on the control stream are taken in any case. */
  readonly announceStreamId?: number;
  /** The channel of descriptors; by default the one of control messages. */
  readonly descriptorChannel?: string;
  /** The stream of descriptors. */
  readonly descriptorStreamId?: number;
  /** The folders beneath which regions may lie; by default `/dev/shm`. */
  readonly allowedDirs?: readonly string[];
  /** Whose files regions may be; by default this process's user's and root's. */
  readonly shmPolicy?: ShmPolicy;
  /** Says what happens to the lease, the regions and the frames. */
  readonly logger?: Logger;
  /** Called for everything that happens to the lease. */
  readonly onLease?: (event: LeaseEvent) => void;
  /** What lends the memory; by default what this machine has. */
  readonly backend?: Backend;
}

/** What the owner of an attachment does with what it learns. */
export interface AttachmentHandlers {
  /** A lease was granted. Throws a `WireError` where the regions cannot be used: the lease is given back then. */
  readonly attached: (lease: GrantedLease) => void;
  /** The regions may not be used any more, from now on. */
  readonly lost: (
    event: Extract<LeaseEvent, { kind: "lost" | "producerGone" | "detached" }>,
  ) => void;
  /** The stream was announced. */
  readonly announced: (layout: StreamLayout) => void;
}

/** A lease that lives on this event loop: control and announce streams, keepalives, attaching anew. */
export class StreamAttachment {
  /** The lease. */
  readonly lease: LeaseClient;
  /** The folders beneath which regions may lie. */
  readonly folders: ShmFolders;
  /** What lends the memory. */
  readonly backend: Backend;
  /** Says what becomes of the stream. */
  readonly log: StreamLog;
  readonly #options: AttachmentOptions;
  readonly #handlers: AttachmentHandlers;
  // What was announced since the last turn: it waits until what the driver said before it was followed.
  readonly #heard: StreamLayout[] = [];
  readonly #announced = new ControlAdapter({
    handlers: {
      shmPoolAnnounce: (announce) => {
        const layout = checkAnnounce(announce);
        if (typeof layout !== "string") this.#heard.push(layout);
      },
    },
  });
  #control: MessagePoller | undefined;
  #announces: MessagePoller | undefined;
  #publication: Publication | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /** Call `start` next. */
  constructor(
    role: LeaseRequest["role"],
    options: AttachmentOptions,
    handlers: AttachmentHandlers,
  ) {
    this.#options = options;
    this.#handlers = handlers;
    this.backend = options.backend ?? machine;
    this.log = new StreamLog(options.logger, options.streamId);
    this.folders = this.backend.shm.allow(options.allowedDirs ?? ["/dev/shm"], options.shmPolicy);
    this.lease = new LeaseClient({ ...options, role }, { fill: (into) => randomFillSync(into) });
  }

  /** The channel of descriptors. */
  get descriptorChannel(): string {
    return this.#options.descriptorChannel ?? this.#controlChannel;
  }

  /** The stream of descriptors. */
  get descriptorStreamId(): number {
    return this.#options.descriptorStreamId ?? StreamIds.descriptor;
  }

  /** Whether it was closed. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** Opens the streams and asks for the lease. @throws AeronError */
  async start(): Promise<void> {
    const { client, controlStreamId = StreamIds.control } = this.#options;
    const channel = this.#controlChannel;
    this.#control = await openPoller(client, channel, controlStreamId, (view, offset, length) => {
      this.lease.receive(monotonicNs(), view, offset, length);
      // A driver whose configuration names no stream for its announces sends them here. spec/tensor-pool.md §22
      this.#announced.receive(view, offset, length);
    });
    const { announceChannel = channel, announceStreamId = StreamIds.announce } = this.#options;
    if (announceChannel !== channel || announceStreamId !== controlStreamId) {
      const onMessage: MessageHandler = (view, offset, length) => {
        this.#announced.receive(view, offset, length);
      };
      this.#announces = await openPoller(client, announceChannel, announceStreamId, onMessage);
    }
    this.#publication = await client.addPublication(channel, controlStreamId);
    this.lease.attach(monotonicNs());
    this.#loop();
  }

  /** Takes in what has come and does what is due. Harmless at any time. */
  turn(): void {
    if (this.#closed) return;
    this.#control?.poll();
    this.#events();
    this.#announces?.poll();
    for (const layout of this.#heard.splice(0)) this.#follow(layout);
    const nowNs = monotonicNs();
    this.lease.tick(nowNs);
    this.#events();
    this.lease.transmit(nowNs, (bytes) => this.#send(bytes));
  }

  /** Gives the lease back as far as the driver can be reached at once, and lets go of everything. */
  close(): void {
    if (this.#closed) return;
    const nowNs = monotonicNs();
    this.lease.detach(nowNs);
    this.lease.transmit(nowNs, (bytes) => this.#send(bytes));
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#control?.close();
    this.#announces?.close();
    this.#publication?.close();
    this.folders.close();
  }

  get #controlChannel(): string {
    return this.#options.controlChannel ?? DEFAULT_CHANNEL;
  }

  #loop(): void {
    if (this.#closed) return;
    this.turn();
    this.#timer = setTimeout(() => {
      this.#loop();
    }, TURN_MS);
  }

  #send(bytes: Uint8Array): boolean {
    return this.#publication !== undefined && offerMessage(this.#publication, bytes) === "sent";
  }

  #events(): void {
    for (let event = this.lease.nextEvent(); event !== undefined; event = this.lease.nextEvent()) {
      this.log.lease(event);
      if (event.kind === "attached") this.#attached(event.lease);
      else if (
        event.kind === "lost" ||
        event.kind === "producerGone" ||
        event.kind === "detached"
      ) {
        this.#handlers.lost(event);
      }
      this.#options.onLease?.(event);
    }
  }

  #attached(lease: GrantedLease): void {
    try {
      this.#handlers.attached(lease);
      this.lease.mapped();
    } catch (error) {
      if (!isWireError(error)) throw error;
      this.lease.unusable(monotonicNs());
      this.log.unusable(error.message);
      this.#options.onLease?.({ kind: "protocolError", message: error.message });
    }
  }

  // Announces of all streams come together: what is not ours is none of our business.
  #follow(layout: StreamLayout): void {
    if (this.#closed) return;
    if (layout.streamId !== (this.lease.lease?.layout.streamId ?? this.#options.streamId)) return;
    this.lease.announced(monotonicNs(), layout.epoch);
    this.#handlers.announced(layout);
  }
}
