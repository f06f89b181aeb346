import type {
  CryptoBackend,
  EngineConfig,
  EngineEvent,
  EstablishedPath,
  Hello,
  PathId,
} from "@proj/dcquic-core";
import { BufferRegistry, DatagramBatch, Engine } from "@proj/dcquic-core";
import { equalBytes, SeededRandom } from "@proj/wire-types";
import { deriveCredentialId, deriveSecretControlKey } from "#src/crypto/key-schedule.js";
import { ReceiveKeys, DerivationBudget } from "#src/crypto/receive-keys.js";
import { SendKeys } from "#src/crypto/send-keys.js";
import { nodeCrypto } from "#src/io/node-crypto.js";
import { FrameType, HEADER_BYTES, PacketType, TAG_BYTES } from "#src/wire/constants.js";
import { FrameReader } from "#src/wire/frame-reader.js";
import { decodeHeader, encodeHeader, packetHeader } from "#src/wire/packet-header.js";
import { WireWriter } from "#src/wire/wire-writer.js";
import { helloOf } from "./hello.js";
import { slabOf } from "./slab.js";

const crypto = nodeCrypto;

/** One side of a path that a test handshake made. */
export function establishedAs(
  role: "dialer" | "listener",
  fill = 7,
  hello: Partial<Hello> = {},
): EstablishedPath {
  const pathSecret = new Uint8Array(32).fill(fill);
  return {
    role,
    pathSecret,
    credentialId: deriveCredentialId(crypto, pathSecret),
    aead: "aes-256-gcm",
    peer: helloOf(1, hello),
    peerResetToken: new Uint8Array(16),
  };
}

/** An engine, and a peer that has the keys of a path and sends whatever a test wants. */
export class RawPeer {
  readonly engine: Engine;
  readonly buffers: BufferRegistry;
  readonly path: PathId;
  readonly events: EngineEvent[];
  readonly #clock: { nowUs: number };
  readonly #keys: SendKeys;
  readonly #opener: ReceiveKeys;
  readonly #credentialId: Uint8Array;

  /** The key of the peer's secret-control packets. */
  readonly macKey: Uint8Array;

  constructor(
    config: Partial<EngineConfig> = {},
    hello: Partial<Hello> = {},
    beside?: { readonly peer: RawPeer; readonly number: number; readonly address?: number },
    engineCrypto: CryptoBackend = crypto,
  ) {
    const random = new SeededRandom(1);
    this.#clock = beside === undefined ? { nowUs: 1000 } : beside.peer.#clock;
    this.buffers = beside?.peer.buffers ?? new BufferRegistry(16 * 1024 * 1024);
    this.events = beside?.peer.events ?? [];
    const { buffers, nowUs } = this;
    this.engine =
      beside?.peer.engine ?? new Engine({ config, crypto: engineCrypto, random, buffers, nowUs });
    const number = beside?.number ?? 1;
    const established = establishedAs("listener", 6 + number, hello);
    const { pathSecret, aead, credentialId } = established;
    this.path = this.engine.addPath(this.nowUs, established, beside?.address ?? number);
    const source = { crypto, pathSecret, aead, worker: 0 };
    this.#keys = new SendKeys({ ...source, direction: 0 });
    this.#opener = new ReceiveKeys({ ...source, direction: 1 }, new DerivationBudget());
    this.#credentialId = credentialId;
    this.macKey = deriveSecretControlKey(crypto, pathSecret, 0);
  }

  /** Another peer of the same engine, with a path of its own; both see all events. */
  beside(number = 2): RawPeer {
    return new RawPeer({}, {}, { peer: this, number });
  }

  /** Another path of the same peer; to be made of the first one. */
  again(number = 2): RawPeer {
    return new RawPeer({}, {}, { peer: this, number, address: 1 });
  }

  /** The time of the engine. */
  get nowUs(): number {
    return this.#clock.nowUs;
  }

  /** The path's credential id. */
  get credentialId(): Uint8Array {
    return this.#credentialId;
  }

  /** Seals a payload into a datagram. */
  seal(write: (writer: WireWriter) => void, fields: Partial<ReturnType<typeof packetHeader>> = {}) {
    const { bytes, view } = slabOf(1400);
    const writer = new WireWriter().aim(bytes, view, HEADER_BYTES, 1400 - TAG_BYTES);
    write(writer);
    const header = { ...packetHeader(), payloadLength: writer.offset - HEADER_BYTES };
    this.#keys.assign(header);
    Object.assign(header, fields);
    encodeHeader(bytes, view, 0, header, this.#credentialId);
    this.#keys.seal(bytes, view, 0, header);
    return bytes.slice(0, HEADER_BYTES + header.payloadLength + TAG_BYTES);
  }

  /** Seals with the next key from now on. */
  nextKey(): void {
    this.#keys.raiseTo(this.#keys.keyId + 1);
  }

  /** Delivers datagrams to the engine, in one batch, and gathers its events. */
  deliver(...datagrams: readonly Uint8Array[]): void {
    this.deliverMarked(datagrams, []);
  }

  /** The same for datagrams that came with ECN bits, in their order; 0 beyond the last of them. */
  deliverMarked(datagrams: readonly Uint8Array[], marks: readonly number[], gap = 0): void {
    const batch = new DatagramBatch(datagrams.length, (2000 + gap) * datagrams.length);
    for (const [i, datagram] of datagrams.entries()) {
      // Memory of a socket, where datagrams do not lie side by side.
      if (i % 3 === 2) batch.usedBytes += gap;
      batch.add(datagram, 1, marks[i] ?? 0);
    }
    this.engine.receive(this.nowUs, batch);
    this.gather();
  }

  /** Sends frames. */
  send(write: (writer: WireWriter) => void): void {
    this.deliver(this.seal(write));
  }

  /** Sends chunks, by the AEAD of their packet. */
  sendData(write: (writer: WireWriter) => void): void {
    this.deliver(this.seal(write, { type: PacketType.Data }));
  }

  /** Takes the engine's events. */
  gather(): void {
    for (let event = this.engine.nextEvent(); event; event = this.engine.nextEvent()) {
      this.events.push(event);
    }
  }

  /** Every event of a kind, so far. */
  of<K extends EngineEvent["kind"]>(kind: K): (EngineEvent & { kind: K })[] {
    return this.events.filter((event): event is EngineEvent & { kind: K } => event.kind === kind);
  }

  /** What was noted so far. */
  get notes(): string[] {
    return this.of("securityNoted").map(({ what }) => what);
  }

  /** Lets time pass and takes what the engine sends, as datagrams. */
  transmit(afterUs = 0): Uint8Array[] {
    this.#clock.nowUs += afterUs;
    this.engine.tick(this.nowUs);
    const batch = new DatagramBatch(64, 128 * 1024);
    const sent: Uint8Array[] = [];
    for (let i = 0; i < 50; i++) {
      batch.clear();
      this.#clock.nowUs += 10;
      this.engine.transmit(this.nowUs, batch);
      for (let k = 0; k < batch.count; k++) {
        sent.push(batch.bytes.slice(batch.offset(k), batch.offset(k) + batch.length(k)));
      }
    }
    this.gather();
    return sent;
  }

  /** Opens a packet of the engine in place; says whether it is authentic. */
  opens(bytes: Uint8Array, view: DataView, header: ReturnType<typeof packetHeader>): boolean {
    return this.#opener.open(this.nowUs, 1000, bytes, view, 0, header) === "opened";
  }

  /** Opens datagrams of the engine on this path and lists their frames: the type, and a copy of what the frame says. */
  read(datagrams: readonly Uint8Array[]): { type: number; frame: Record<string, unknown> }[] {
    return datagrams.flatMap((datagram) => {
      const { bytes, view } = slabOf(datagram);
      const header = packetHeader();
      if (decodeHeader(view, 0, bytes.length, header) !== "packet") return [];
      if (!equalBytes(bytes.subarray(8, 24), this.#credentialId)) return [];
      if (this.#opener.open(this.nowUs, 1000, bytes, view, 0, header) !== "opened") {
        throw new Error("a packet of the engine does not open");
      }
      if (header.type === 2) return [{ type: -1, frame: {} }];
      const reader = new FrameReader().aim(
        bytes,
        view,
        HEADER_BYTES,
        HEADER_BYTES + header.payloadLength,
      );
      const frames: { type: number; frame: Record<string, unknown> }[] = [];
      for (let type = reader.next(); type !== undefined; type = reader.next()) {
        frames.push({ type, frame: structuredClone({ ...frameOf(reader, type) }) });
      }
      return frames;
    });
  }
}

function frameOf(reader: FrameReader, type: number): object {
  switch (type) {
    case FrameType.TransferNotify:
      return reader.notify;
    case FrameType.TransferAccept:
      return reader.accept;
    case FrameType.PullRequest: {
      const { flags, pullSeq, rate, ranges } = reader.pull;
      let bytes = 0;
      for (let i = 0; i < ranges.count; i++) bytes += ranges.end(i) - ranges.start(i);
      return { flags, pullSeq, rate, bytes };
    }
    case FrameType.Feedback:
      return reader.feedback;
    case FrameType.FlowReset:
      return reader.flowReset;
    case FrameType.TransferChallenge:
      return reader.challenge;
    case FrameType.ProbeResponse:
      return reader.probeResponse;
    default:
      return {};
  }
}
