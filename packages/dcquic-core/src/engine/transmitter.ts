import {
  FrameType,
  HEADER_BYTES,
  PacketType,
  ProbeFlag,
  Protection,
  TAG_BYTES,
} from "../wire/constants.js";
import { id64 } from "../wire/id64.js";
import { encodeProbe } from "../wire/path-frames.js";
import { WireWriter } from "../wire/wire-writer.js";
import type { AnnouncedTransfer } from "../transfer/announced-transfer.js";
import { type DatagramBatch, NOWHERE } from "./batch.js";
import type { ControlBuilder } from "./control-builder.js";
import type { EngineContext } from "./context.js";
import type { DataBuilder } from "./data-builder.js";
import { DataRun } from "./data-run.js";
import type { KeyRetirement } from "./key-retirement.js";
import type { Path } from "./path.js";
import { PacketSealer } from "./packet-sealer.js";
import { MTU_PROBE, type PathKeeper } from "./path-keeper.js";
import type { PullLoop } from "./pull-loop.js";
import { Status } from "./status.js";
import { Fifo } from "../sched/fifo.js";

/** Who fills packets, and who is told. */
export interface TransmitterParts {
  /** What the parts share. */
  readonly context: EngineContext;
  /** Asks for bytes. */
  readonly loop: PullLoop;
  /** Arms the timers of paths. */
  readonly keeper: PathKeeper;
  /** Notices that keys change. */
  readonly retirement: KeyRetirement;
  /** Fills CONTROL packets. */
  readonly control: ControlBuilder;
  /** Fills DATA packets. */
  readonly data: DataBuilder;
  /** Called for a path that cannot send any more. */
  readonly failed: (path: Path, status: number) => void;
}

/** Packets of a path's turn: one message of a kernel that splits. §16.1 */
const TURN_PACKETS = 46;
/** Datagrams of no path that wait, mostly complaints about packets of strangers; further ones are dropped. */
const MAX_RAW_DATAGRAMS = 1024;

/**
 * Turns what waits into sealed datagrams: CONTROL first, then DATA by turns of the paths, as the bucket of the NIC, the pace
 * and the window of each path allow.
 *
 * @see spec/dcquic.md §12, §22
 */
export class Transmitter {
  readonly #parts: TransmitterParts;
  readonly #context: EngineContext;
  readonly #raw = new Fifo<{ readonly datagram: Uint8Array; readonly address: number }>(
    MAX_RAW_DATAGRAMS,
  );
  readonly #sealer: PacketSealer;
  readonly #run: DataRun;
  readonly #writer = new WireWriter();
  #sendAtUs = Number.POSITIVE_INFINITY;
  #first: AnnouncedTransfer | undefined;
  #turnPackets = 0;

  /** Sends what `parts` build. */
  constructor(parts: TransmitterParts) {
    this.#parts = parts;
    this.#context = parts.context;
    this.#sealer = new PacketSealer(parts.context, parts.retirement);
    this.#run = new DataRun(parts.context, parts.data, this.#sealer);
  }

  /** When there is something to send at the latest; Infinity when only an event can change that. */
  get sendAtUs(): number {
    return this.#sendAtUs;
  }

  /** Sends a datagram that is no packet of a path. */
  sendRaw(datagram: Uint8Array, address: number): void {
    // What another worker handed over may come from where this one's driver has no number for.
    if (address === NOWHERE) return;
    this.#raw.push({ datagram, address });
  }

  /** Adds datagrams to `into` until nothing may be sent now or the batch is full; returns how many. */
  transmit(nowUs: number, into: DatagramBatch): number {
    const before = into.count;
    this.#fill(nowUs, into);
    this.#context.packets.sealAll();
    return into.count - before;
  }

  #fill(nowUs: number, into: DatagramBatch): void {
    const { nic, dirty, pulling, pulls, config } = this.#context;
    this.#sendAtUs = Number.POSITIVE_INFINITY;
    this.#parts.loop.issue(nowUs);
    for (let raw = this.#raw.peek(); raw !== undefined; raw = this.#raw.peek()) {
      if (!into.add(raw.datagram, raw.address, 0)) break;
      this.#raw.shift();
    }
    for (const path of dirty.all) {
      // A worker that cannot rotate its keys stops sending on the path.
      if (path.sendKeys.isExhausted) this.#parts.failed(path, Status.LocalResource);
      this.#emitMtuProbe(nowUs, path, into);
      while (path.failedStatus === undefined && path.hasControl(nowUs)) {
        if (!this.#mayEmit(nowUs, into)) return;
        if (!this.#emitControl(nowUs, path, into)) break;
      }
    }
    while (this.#mayEmit(nowUs, into) && this.#emitData(nowUs, into));
    dirty.keep(this.#staysDirty);
    if (pulling.size > 0 && pulls.nextFreeUs > nowUs) {
      this.#sendAtUs = Math.min(this.#sendAtUs, pulls.nextFreeUs);
    }
    if (!nic.isFree(nowUs) && into.hasRoom(config.mtuMaxBytes)) {
      this.#sendAtUs = Math.min(this.#sendAtUs, nic.nextFreeUs);
    }
  }

  readonly #staysDirty = (path: Path): boolean => {
    const { nowUs } = this.#context;
    this.#parts.keeper.arm(nowUs, path);
    return path.failedStatus === undefined && path.hasControl(nowUs);
  };

  #mayEmit(nowUs: number, into: DatagramBatch): boolean {
    const { nic, config } = this.#context;
    if (!into.hasRoom(config.mtuMaxBytes)) {
      this.#sendAtUs = nowUs;
      return false;
    }
    if (nic.isFree(nowUs)) return true;
    this.#sendAtUs = Math.min(this.#sendAtUs, nic.nextFreeUs);
    return false;
  }

  #emitControl(nowUs: number, path: Path, into: DatagramBatch): boolean {
    const writer = this.#aim(into, path.mtu.bytes);
    const start = writer.offset;
    const packet = path.sendKeys.nextPacketNumber;
    const active = this.#parts.control.build(nowUs, path, packet, writer);
    const length = writer.offset - start;
    if (length === 0) return false;
    const { header } = this.#sealer;
    header.type = PacketType.Control;
    header.protection = Protection.Packet;
    header.ackEliciting = active;
    this.#sealer.seal(nowUs, path, into, 1, length, 0);
    return true;
  }

  // A PROBE in a packet padded to the size that is tried. §17.7
  #emitMtuProbe(nowUs: number, path: Path, into: DatagramBatch): void {
    if (path.failedStatus !== undefined || path.live === 0 || path.mtu.dueUs > nowUs) return;
    if (!this.#mayEmit(nowUs, into)) return;
    const bytes = path.mtu.nextProbe(nowUs, path.rtt.ptoUs);
    if (bytes === 0) return;
    const writer = this.#aim(into, bytes);
    writer.u8(FrameType.Probe);
    encodeProbe(writer, { probeId: id64(MTU_PROBE, path.mtu.probeId), flags: ProbeFlag.Mtu });
    while (writer.remaining > 0) writer.u8(FrameType.Padding);
    const { header } = this.#sealer;
    header.type = PacketType.Control;
    header.protection = Protection.Packet;
    header.ackEliciting = true;
    this.#sealer.seal(nowUs, path, into, 1, bytes - HEADER_BYTES - TAG_BYTES, 0);
    into.leaveAlone();
  }

  #emitData(nowUs: number, into: DatagramBatch): boolean {
    const path = this.#pathToServe(nowUs);
    const first = this.#first;
    if (path === undefined || first === undefined) return false;
    const { header } = this.#sealer;
    header.type = PacketType.Data;
    header.protection = this.#parts.data.protectionOf(path, first);
    header.ackEliciting = true;
    into.align();
    const sent = this.#run.emit(nowUs, path, first, this.#turnLeft(), into);
    if (sent > 0) {
      this.#turnPackets += sent - 1;
      return true;
    }
    const writer = this.#aim(into, path.mtu.bytes);
    const start = writer.offset;
    this.#parts.data.build(nowUs, path, first, writer);
    const length = writer.offset - start;
    if (length === 0) return false;
    const datagram = HEADER_BYTES + length + TAG_BYTES;
    path.wish.sent(nowUs, datagram);
    this.#sealer.seal(nowUs, path, into, 1, length, datagram);
    return true;
  }

  // By turns of a batch, so that datagrams to one peer lie side by side; a path that has to wait for its window or pace is
  // passed over, and says when it will not have to.
  #pathToServe(nowUs: number): Path | undefined {
    const { serving } = this.#context;
    for (const path of serving) {
      this.#first = this.#mayServe(path) ? this.#parts.data.next(path) : undefined;
      if (this.#first === undefined) {
        serving.delete(path);
        continue;
      }
      const freeUs = Math.max(path.congestion.nextSendUs(), path.wish.freeUs);
      if (freeUs <= nowUs) {
        this.#turnPackets += 1;
        if (this.#turnPackets >= TURN_PACKETS && serving.size > 1) {
          this.#turnPackets = 0;
          serving.delete(path);
          serving.add(path);
        }
        return path;
      }
      this.#sendAtUs = Math.min(this.#sendAtUs, freeUs);
    }
    return undefined;
  }

  // How many packets the path whose turn it is may send before the next one has its turn.
  #turnLeft(): number {
    if (this.#context.serving.size < 2) return Number.POSITIVE_INFINITY;
    return this.#turnPackets === 0 ? 1 : TURN_PACKETS - this.#turnPackets;
  }

  #mayServe(path: Path): boolean {
    return path.failedStatus === undefined && !path.sendKeys.isExhausted;
  }

  #aim(into: DatagramBatch, datagramBytes: number): WireWriter {
    const start = into.usedBytes + HEADER_BYTES;
    const end = into.usedBytes + datagramBytes - TAG_BYTES;
    return this.#writer.aim(into.bytes, into.view, start, end);
  }
}
