import { concatBytes, formatHex, SeededRandom, uniform } from "@proj/wire-types";
import { createHash } from "node:crypto";
import { resolveDwcpLimits } from "#src/limits.js";
import { Connection, type ConnectionNews } from "#src/session/connection.js";
import type { HandshakeContext } from "#src/session/initiator-handshake.js";
import { ResponderHandshake } from "#src/session/responder-handshake.js";
import { PLAIN_CONNECTION, type SessionSecurity } from "#src/session/security.js";
import { Session } from "#src/session/session.js";
import type { SessionEvent } from "#src/session/session-events.js";
import type { SessionIdentity } from "#src/session/session-identity.js";
import { DEFAULT_TUNING, type SessionTuning } from "#src/session/session-options.js";
import { SessionRegistry } from "#src/session/session-registry.js";
import {
  AcceptOpening,
  AttachOpening,
  InitiateOpening,
  type StreamOpening,
} from "#src/session/stream-opening.js";
import type { ReceivingTransfer } from "#src/transfer/receiving-transfer.js";
import { SendingTransfer } from "#src/transfer/sending-transfer.js";
import { crc32 } from "#src/wire/crc32.js";
import type { Capabilities } from "#src/wire/session-messages.js";
import type { IntervalPair, OfferMessage } from "#src/wire/transfer-messages.js";
import { nodeDigests } from "#src/io/node-digests.js";

export const capabilities: Capabilities = {
  codecs: [0, 1, 2, 3, 4, 5, 6, 7, 8],
  hashes: ["sha-256"],
  pageSizes: [4096],
  maxFrameBytes: 1_052_672,
  maxUnitRawBytes: 67_108_864,
  maxWindowLog: 27,
  maxStreams: 256,
  creditBytes: 4_194_304,
  resume: true,
  tls: false,
  auth: ["none", "psk", "mtls"],
  levels: [1, 3],
  providers: ["tcp"],
};

/** What the network between two nodes does. */
export interface Weather {
  readonly bytesPerSecond: number;
  readonly oneWayUs: number;
}

interface Bytes {
  readonly atUs: number;
  readonly bytes: Uint8Array;
}

/** A connection of two ends, each a `Connection`, through which bytes fly in virtual time. */
class Wire {
  readonly ends: readonly [Connection, Connection];
  readonly #flying: readonly [Bytes[], Bytes[]] = [[], []];
  readonly #freeUs: [number, number] = [0, 0];
  streamIndex: number | undefined;
  isOpen = true;
  isHole = false;
  flipNext = false;
  /** How many times less than its share of the link it gets. */
  slowness = 1;
  /** Its kernel waits until then before it tries again what was lost. */
  heldUntilUs = 0;

  constructor(ends: readonly [Connection, Connection]) {
    this.ends = ends;
  }

  /** Moves bytes of both directions; says what the ends make of them. */
  step(nowUs: number, weather: Weather, share: number): ConnectionNews[] {
    const news: ConnectionNews[] = [];
    if (nowUs < this.heldUntilUs) return news;
    for (const from of [0, 1] as const) {
      this.#send(nowUs, from, weather, share);
      const queue = this.#flying[from];
      while (this.isOpen && queue[0] !== undefined && queue[0].atUs <= nowUs) {
        const bytes = queue.shift()?.bytes ?? new Uint8Array(0);
        news.push(...this.ends[from === 0 ? 1 : 0].receive(nowUs, bytes));
      }
    }
    return news;
  }

  break(nowUs: number): void {
    this.isOpen = false;
    for (const end of this.ends) end.gone(nowUs);
  }

  #send(nowUs: number, from: 0 | 1, weather: Weather, share: number): void {
    // As a socket does: a little is taken at once, more when that is gone.
    while (this.isOpen && this.#freeUs[from] - nowUs < 20_000) {
      const parts = this.ends[from].transmit(nowUs, 0);
      if (parts === undefined) return;
      const bytes = concatBytes(parts);
      if (this.isHole) {
        // The kernel's buffer takes that much before it pushes back.
        this.#freeUs[from] = Math.max(nowUs, this.#freeUs[from]) + bytes.length / 4;
        continue;
      }
      if (this.flipNext && bytes.length > 1000) {
        this.flipNext = false;
        bytes[900] = (bytes[900] ?? 0) ^ 4;
      }
      const start = Math.max(nowUs, this.#freeUs[from]);
      this.#freeUs[from] =
        start + ((bytes.length * this.slowness) / (weather.bytesPerSecond * share)) * 1e6;
      this.#flying[from].push({ atUs: this.#freeUs[from] + weather.oneWayUs, bytes });
    }
  }
}

/** What a receiver keeps of one object. */
interface Stored {
  readonly bytes: Uint8Array;
  readonly offer: OfferMessage;
  durable: IntervalPair[];
}

/** A sender and a receiver in virtual time, with an application at each that stores and encodes plainly. */
export class World {
  readonly random: SeededRandom;
  readonly limits = resolveDwcpLimits();
  readonly events: SessionEvent[] = [];
  readonly committed = new Map<string, Uint8Array>();
  readonly failures: ConnectionNews[] = [];
  readonly stored = new Map<string, Stored>();
  nowUs = 0;
  storeDelayUs = 0;
  damageStored = false;
  wantedStreams = 4;
  refuseConnections = false;
  /** Whether the sender drains streams that it is asked to close, and then keeps them. */
  ignoresRequests = false;
  #unreachableUntilUs = 0;
  weather: Weather;
  sender: Session | undefined;
  receiver: Session | undefined;
  readonly #security: readonly [SessionSecurity, SessionSecurity];
  readonly #tuning: SessionTuning;
  #registry: SessionRegistry;
  #epoch: Uint8Array;
  #wires: Wire[] = [];
  #nextIndex = 1;
  readonly #later: { atUs: number; run: () => void }[] = [];
  readonly #transfers = new Map<string, { transfer: SendingTransfer; bytes: Uint8Array }>();
  bytesSupplied = 0;

  constructor(
    seed: number,
    weather: Weather,
    options: {
      readonly tuning?: Partial<SessionTuning>;
      readonly security?: readonly [SessionSecurity, SessionSecurity];
    } = {},
  ) {
    this.random = new SeededRandom(seed);
    this.weather = weather;
    this.#tuning = { ...DEFAULT_TUNING, creditBytes: capabilities.creditBytes, ...options.tuning };
    this.#security = options.security ?? [{ mode: "none" }, { mode: "none" }];
    this.#epoch = this.random.fill(new Uint8Array(16));
    this.#registry = this.#newRegistry();
  }

  // Streams that carry units, and those on their way to become one.
  get #opened(): number {
    const coming = this.#wires.filter(({ streamIndex }) => streamIndex === undefined).length;
    return coming + (this.sender?.streams.alive ?? 0);
  }

  get wires(): readonly Wire[] {
    return this.#wires;
  }

  chance(): number {
    return uniform(this.random);
  }

  /** Sends `bytes` as an object, over whatever session there is or will be. */
  send(
    bytes: Uint8Array,
    {
      baselines = [],
      priority = 0,
      minShare = 0,
    }: {
      readonly baselines?: OfferMessage["baselines"];
      readonly priority?: number;
      readonly minShare?: number;
    } = {},
  ): string {
    const transferId = formatHex(this.random.fill(new Uint8Array(16)));
    const offer: OfferMessage = {
      kind: "OFFER",
      transferId,
      objectKey: `object-${transferId.slice(0, 4)}`,
      generation: 1,
      rawLength: bytes.length,
      pageBytes: 4096,
      leafBytes: 65_536,
      hash: "sha-256",
      baselines,
      dictionaries: [],
      transferKind: "blob",
      priority,
      metadata: {},
    };
    const transfer = new SendingTransfer(offer, minShare);
    this.#transfers.set(transferId, { transfer, bytes });
    if (this.sender !== undefined && !this.sender.isClosed) {
      this.sender.outgoing.offer(this.nowUs, transfer);
    }
    return transferId;
  }

  transfer(transferId: string): SendingTransfer {
    const entry = this.#transfers.get(transferId);
    if (entry === undefined) throw new Error("no such transfer");
    return entry.transfer;
  }

  /** Lets time pass until `done`, or for so long. */
  run(forUs: number, done: () => boolean = () => false, each: () => void = () => undefined): void {
    const endUs = this.nowUs + forUs;
    for (; this.nowUs < endUs && !done(); this.nowUs += 1_000) {
      each();
      this.#step();
    }
  }

  /** Breaks one connection, or all. */
  breakStreams(count = Number.POSITIVE_INFINITY): void {
    for (const wire of this.#wires.slice(0, Math.min(count, this.#wires.length))) {
      wire.break(this.nowUs);
    }
    this.#wires = this.#wires.filter((wire) => wire.isOpen);
  }

  /** Nothing passes for `forUs`; connections that stand now wait for `heldUs` before they try again. */
  interrupt(forUs: number, heldUs: number): void {
    this.#unreachableUntilUs = this.nowUs + forUs;
    for (const wire of this.#wires) wire.heldUntilUs = this.nowUs + heldUs;
  }

  /** The receiver's process is killed: only what is durable stays. */
  restartReceiver(): void {
    this.#later.length = 0;
    this.#epoch = this.random.fill(new Uint8Array(16));
    this.#registry = this.#newRegistry();
    this.receiver = undefined;
    this.breakStreams();
  }

  #step(): void {
    for (const entry of this.#later.filter(({ atUs }) => atUs <= this.nowUs)) {
      this.#later.splice(this.#later.indexOf(entry), 1);
      entry.run();
    }
    this.#connect();
    const share = 1 / Math.max(1, this.#wires.length);
    for (const wire of this.#wires) {
      for (const news of wire.step(this.nowUs, this.weather, share)) this.#hear(wire, news);
    }
    this.#closeDrained();
    this.#wires = this.#wires.filter((wire) => wire.isOpen);
    for (const session of [this.sender, this.receiver]) {
      if (session === undefined) continue;
      if (session.nextDeadlineUs <= this.nowUs) session.tick(this.nowUs);
      for (let event = session.nextEvent(); event !== undefined; event = session.nextEvent()) {
        this.events.push(event);
        this.#obey(session, event);
      }
    }
    this.#encode();
  }

  // As a host does on the side that sends.
  #closeDrained(): void {
    for (const wire of this.#wires) {
      const stream = this.sender?.streams.get(wire.streamIndex ?? -1);
      const idle = stream?.phase === "closing" && stream.flyingBytes === 0;
      if (idle && !this.ignoresRequests) wire.break(this.nowUs);
    }
  }

  #connect(): void {
    if (this.refuseConnections || this.nowUs < this.#unreachableUntilUs) return;
    const joined = this.sender !== undefined && !this.sender.isClosed;
    if (!joined && this.#wires.length === 0) this.#open(this.#initiate());
    else if (joined && this.sender !== undefined && this.#wants(this.sender)) {
      this.#open(new AttachOpening(this.#context(0), this.sender, this.#nextIndex++));
    }
  }

  // As a link does: one that tries while nothing is heard, none before what is silent was given up.
  #wants({ path, streams }: Session): boolean {
    if (path === "silent") return this.#opened === streams.alive;
    return path === "answering" && this.#opened < this.wantedStreams;
  }

  #open(opening: StreamOpening): void {
    const accept = new AcceptOpening(
      new ResponderHandshake(this.#context(1), this.#epoch, 20_000),
      this.#registry,
      (identity) => {
        this.receiver = this.#session("responder", identity);
        this.#registry.add(this.receiver);
        return this.receiver;
      },
    );
    const ends = [opening, accept].map((each) => new Connection(each, this.limits, crc32));
    const [a, b] = ends;
    if (a !== undefined && b !== undefined) this.#wires.push(new Wire([a, b]));
  }

  #initiate(): InitiateOpening {
    return new InitiateOpening(this.#context(0), (identity) => {
      this.sender = this.#session("initiator", identity);
      for (const { transfer } of this.#transfers.values()) {
        if (transfer.state === "planned") this.sender.outgoing.offer(this.nowUs, transfer);
      }
      return this.sender;
    });
  }

  #context(side: 0 | 1): HandshakeContext {
    return {
      nodeId: side === 0 ? "sender" : "receiver",
      capabilities,
      security: this.#security[side],
      connection: PLAIN_CONNECTION,
      digests: nodeDigests,
      random: this.random,
    };
  }

  #session(role: "initiator" | "responder", identity: SessionIdentity): Session {
    const { limits } = this;
    const tuning = this.#tuning;
    return new Session(this.nowUs, { role, identity, tuning, limits, crc32, chance: 0.4 });
  }

  #newRegistry(): SessionRegistry {
    return new SessionRegistry(nodeDigests, { maxSessions: 10, maxSessionsPerPeer: 10 });
  }

  #hear(wire: Wire, news: ConnectionNews): void {
    if (news.kind === "joined") {
      wire.streamIndex = news.streamIndex;
      return;
    }
    this.failures.push(news);
    // A server that forgot the session: begin another one.
    if (news.kind === "failed" && news.error.code === "dwcp.unknown_session") {
      this.sender?.close(news.error);
    }
    wire.step(this.nowUs, this.weather, 1);
    wire.break(this.nowUs);
  }

  #obey(session: Session, event: SessionEvent): void {
    switch (event.kind) {
      case "offered":
        this.#offered(session, event.offer);
        break;
      case "unitArrived": {
        const { rawOffset, rawBytes, unitId, encoded } = event.chunk;
        const { handle } = event;
        const bytes = encoded.slice();
        const transfer = session.receiving.get(handle);
        this.#later.push({
          atUs: this.nowUs + this.storeDelayUs * this.chance(),
          run: () => {
            if (transfer === undefined) return;
            this.#write(transfer, rawOffset, bytes);
            session.incoming.stored(this.nowUs, handle, { unitId, rawOffset, rawBytes });
          },
        });
        break;
      }
      case "arrived": {
        const { transfer, bytes } = this.#transfers.get(event.transferId) ?? {};
        if (transfer === undefined || bytes === undefined) break;
        session.outgoing.finish(this.nowUs, transfer, sha256(bytes));
        break;
      }
      case "finished":
        this.#verify(session, event.handle, event.rootHash);
        break;
      case "leavesAsked": {
        const { transfer, bytes } = this.#transfers.get(event.transferId) ?? {};
        if (transfer === undefined || bytes === undefined) break;
        const digests = leavesOf(bytes, transfer.offer.leafBytes).slice(event.first);
        session.outgoing.giveLeaves(transfer, event.first, digests.slice(0, event.count));
        break;
      }
      case "leavesGiven": {
        const transfer = session.receiving.get(event.handle);
        const mine = this.stored.get(transfer?.offer.transferId ?? "");
        if (transfer === undefined || mine === undefined) break;
        const here = leavesOf(mine.bytes, transfer.offer.leafBytes);
        const wrong = event.digests.flatMap((digest, i) => (digest === here[i] ? [] : [i]));
        session.incoming.repair(transfer, wrong);
        break;
      }
      case "streamDied": {
        for (const wire of this.#wires) {
          if (wire.streamIndex === event.streamIndex) wire.break(this.nowUs);
        }
        break;
      }
      default:
        break;
    }
  }

  #offered(session: Session, offer: OfferMessage): void {
    const done = this.committed.get(offer.transferId);
    if (done !== undefined) {
      session.incoming.alreadyCommitted(offer, sha256(done));
      return;
    }
    let stored = this.stored.get(offer.transferId);
    if (stored === undefined) {
      stored = { bytes: new Uint8Array(offer.rawLength), offer, durable: [] };
      this.stored.set(offer.transferId, stored);
    }
    session.incoming.accept(offer, stored.durable, { baselines: [], dictionaries: [] });
  }

  #write(transfer: ReceivingTransfer, offset: number, bytes: Uint8Array): void {
    const stored = this.stored.get(transfer.offer.transferId);
    stored?.bytes.set(bytes, offset);
    // Every other unit reaches the disk before the next crash.
    if (this.chance() < 0.5) stored?.durable.push([offset, bytes.length]);
  }

  #verify(session: Session, handle: number, rootHash: string): void {
    const transfer = session.receiving.get(handle);
    const stored = this.stored.get(transfer?.offer.transferId ?? "");
    if (transfer === undefined || stored === undefined) return;
    if (this.damageStored) {
      this.damageStored = false;
      stored.bytes[70_000] = (stored.bytes[70_000] ?? 0) ^ 1;
    }
    if (sha256(stored.bytes) === rootHash) {
      session.incoming.verified(transfer, rootHash);
      this.committed.set(transfer.offer.transferId, stored.bytes);
      session.incoming.commit(transfer, rootHash);
    } else {
      const count = Math.ceil(stored.bytes.length / transfer.offer.leafBytes);
      session.incoming.askLeaves(transfer, 0, count);
    }
  }

  #encode(): void {
    for (const { transfer, bytes } of this.#transfers.values()) {
      if (transfer.state !== "sending") continue;
      while (transfer.waitingBytes < 500_000) {
        const extent = transfer.takeExtent(this.sender?.sending.unitBytes ?? 65_536);
        if (extent === undefined) break;
        const encoded = bytes.subarray(extent.start, extent.end);
        this.bytesSupplied += encoded.length;
        transfer.supply(extent, [
          {
            rawOffset: extent.start,
            rawBytes: encoded.length,
            codec: 0,
            codecFlags: 0,
            baselineSlot: 0xffff,
            dictionarySlot: 0,
            rawCrc: crc32(encoded),
            encoded,
          },
        ]);
      }
    }
  }
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function leavesOf(bytes: Uint8Array, leafBytes: number): string[] {
  const count = Math.ceil(bytes.length / leafBytes);
  return Array.from({ length: count }, (_, i) =>
    sha256(bytes.subarray(i * leafBytes, (i + 1) * leafBytes)),
  );
}
