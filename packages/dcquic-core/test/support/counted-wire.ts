import {
  BufferRegistry,
  DatagramBatch,
  Engine,
  type EngineConfig,
  type EngineEvent,
  nullCrypto,
  type PathId,
} from "@proj/dcquic-core";
import { SeededRandom, uniform } from "@proj/wire-types";
import { chunk, decodeChunk } from "#src/wire/chunk.js";
import {
  ChunkFlag,
  FrameType,
  HEADER_BYTES,
  NotifyFlag,
  PacketType,
  ProbeFlag,
  PullFlag,
} from "#src/wire/constants.js";
import { FrameReader } from "#src/wire/frame-reader.js";
import { formatId } from "#src/wire/id64.js";
import { decodeHeader, packetHeader } from "#src/wire/packet-header.js";
import { WireReader } from "#src/wire/wire-reader.js";
import { establishedAs } from "./raw-peer.js";

/** What the wire saw of what one side sent, or of what reached the other. */
export class WireCounts {
  packets = 0;
  bytes = 0;
  marked = 0;
  payload = 0;
  notifies = 0;
  renotified = 0;
  repulled = 0;
  challenges = 0;
  probes = 0;
  closes = 0;
  ackRequests = 0;
  readonly notifySeqs = new Set<number>();
  readonly closedStreams = new Set<string>();
  readonly keyIds = new Set<number>();

  /** Reads a packet, which nobody encrypted. */
  count(datagram: Uint8Array, ecn: number): void {
    const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.length);
    const header = packetHeader();
    if (decodeHeader(view, 0, datagram.length, header) !== "packet") return;
    this.packets += 1;
    this.bytes += datagram.length;
    if (ecn === 3) this.marked += 1;
    this.keyIds.add(header.keyId);
    const end = HEADER_BYTES + header.payloadLength;
    if (header.type === PacketType.Data) this.#chunks(datagram, view, end);
    else this.#frames(datagram, view, end);
  }

  #chunks(bytes: Uint8Array, view: DataView, end: number): void {
    const reader = new WireReader().aim(bytes, view, HEADER_BYTES, end);
    const each = chunk();
    while (reader.remaining > 0) {
      decodeChunk(reader, each);
      this.payload += each.length;
      if ((each.flags & ChunkFlag.AckRequest) !== 0) this.ackRequests += 1;
    }
  }

  #frames(bytes: Uint8Array, view: DataView, end: number): void {
    const reader = new FrameReader().aim(bytes, view, HEADER_BYTES, end);
    for (let type = reader.next(); type !== undefined; type = reader.next()) {
      if (type === FrameType.TransferNotify) {
        const { flags, inlineBytes, notifySeq } = reader.notify;
        this.notifies += 1;
        this.notifySeqs.add(notifySeq);
        this.payload += inlineBytes;
        if ((flags & NotifyFlag.Retransmit) !== 0) this.renotified += 1;
      } else if (type === FrameType.PullRequest) {
        if ((reader.pull.flags & PullFlag.Retransmit) !== 0) this.repulled += 1;
      } else if (type === FrameType.TransferChallenge) this.challenges += 1;
      else if (type === FrameType.Probe) {
        if ((reader.probe.flags & ProbeFlag.Mtu) === 0) this.probes += 1;
      } else if (type === FrameType.StreamClose) {
        this.closes += 1;
        this.closedStreams.add(formatId(reader.streamClose.streamId));
      }
    }
  }
}

/** One end of the wire. */
export interface WireEnd {
  readonly engine: Engine;
  readonly path: PathId;
  readonly events: EngineEvent[];
  /** What it sent. */
  readonly sent: WireCounts;
  /** What reached it, each packet once, and unharmed. */
  readonly came: WireCounts;
  /** What reached it a second time. */
  repeated: number;
  /** What reached it damaged. */
  damaged: number;
}

interface Flight {
  readonly atUs: number;
  readonly to: WireEnd;
  readonly datagram: Uint8Array;
  readonly ecn: number;
  readonly kind: "first" | "again" | "damaged";
}

/** What the wire does to datagrams: shares of them. */
export interface WireFaults {
  readonly lost: number;
  readonly doubled: number;
  readonly damaged: number;
  readonly marked: number;
}

const DELAY_US = 50;
const STEP_US = 20;
const MOST_STEP_US = 1000;

/** Two engines on a wire that reads everything, and counts for itself. */
export class CountedWire {
  readonly ends: readonly [WireEnd, WireEnd];
  nowUs = 0;
  readonly #faults: WireFaults;
  readonly #random = new SeededRandom(11);
  readonly #flights: Flight[] = [];
  readonly #batch = new DatagramBatch(64, 131_072);

  constructor(config: Partial<EngineConfig>, faults: WireFaults) {
    this.#faults = faults;
    this.ends = [endOf("dialer", config), endOf("listener", config)];
  }

  /** Lets time pass; `serve` is called at each step. */
  run(untilUs: number, serve: (end: WireEnd, event: EngineEvent) => void): void {
    for (; this.nowUs < untilUs; this.nowUs += this.#stepUs()) {
      this.#land();
      for (const [index, end] of this.ends.entries()) {
        end.engine.tick(this.nowUs);
        this.#take(end, serve);
        const other = this.ends[1 - index];
        if (other !== undefined) this.#launch(end, other);
      }
    }
  }

  // Where nothing is on its way, nothing happens before the next timer.
  #stepUs(): number {
    if (this.#flights.length > 0) return STEP_US;
    const next = Math.min(...this.ends.map(({ engine }) => engine.nextDeadline()));
    return Math.max(STEP_US, Math.min(MOST_STEP_US, next - this.nowUs));
  }

  #take(end: WireEnd, serve: (end: WireEnd, event: EngineEvent) => void): void {
    const { engine, events } = end;
    for (let event = engine.nextEvent(); event !== undefined; event = engine.nextEvent()) {
      events.push(event);
      serve(end, event);
    }
  }

  #launch(from: WireEnd, to: WireEnd): void {
    const batch = this.#batch;
    for (;;) {
      batch.clear();
      if (from.engine.transmit(this.nowUs, batch) === 0) return;
      for (let i = 0; i < batch.count; i++) {
        const at = batch.offset(i);
        this.#fly(from, to, batch.bytes.slice(at, at + batch.length(i)));
      }
    }
  }

  #fly(from: WireEnd, to: WireEnd, datagram: Uint8Array): void {
    from.sent.count(datagram, 0);
    const random = this.#random;
    const { damaged, doubled, lost, marked } = this.#faults;
    const atUs = this.nowUs + DELAY_US;
    const ecn = uniform(random) < marked ? 3 : 2;
    if (uniform(random) < damaged) {
      const harmed = Uint8Array.from(datagram);
      harmed[harmed.length - 1] = (harmed.at(-1) ?? 0) ^ 1;
      this.#flights.push({ atUs, to, datagram: harmed, ecn, kind: "damaged" });
    }
    if (uniform(random) < lost) return;
    this.#flights.push({ atUs, to, datagram, ecn, kind: "first" });
    if (uniform(random) < doubled) {
      this.#flights.push({ atUs, to, datagram, ecn, kind: "again" });
    }
  }

  #land(): void {
    while ((this.#flights[0]?.atUs ?? Number.POSITIVE_INFINITY) <= this.nowUs) {
      const flight = this.#flights.shift();
      if (flight === undefined) return;
      const { datagram, ecn, kind, to } = flight;
      // What is said of keys is no packet of a path.
      const isPacket = (datagram[1] ?? 0) <= PacketType.Data;
      if (kind === "first") to.came.count(datagram, ecn);
      else if (isPacket && kind === "again") to.repeated += 1;
      else if (isPacket) to.damaged += 1;
      this.#batch.clear();
      this.#batch.add(datagram, 1, ecn);
      to.engine.receive(this.nowUs, this.#batch);
    }
  }
}

function endOf(role: "dialer" | "listener", config: Partial<EngineConfig>): WireEnd {
  const random = new SeededRandom(role === "dialer" ? 1 : 2);
  const buffers = new BufferRegistry(16_777_216);
  const engine = new Engine({ config, crypto: nullCrypto, random, buffers, nowUs: 0 });
  const path = engine.addPath(0, { ...establishedAs(role), ...nullKeys() }, 1);
  const [sent, came] = [new WireCounts(), new WireCounts()];
  return { engine, path, events: [], sent, came, repeated: 0, damaged: 0 };
}

function nullKeys() {
  const pathSecret = new Uint8Array(32).fill(7);
  return { pathSecret, credentialId: nullCrypto.sha256([pathSecret]).slice(0, 16) };
}
