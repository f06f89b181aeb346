import {
  arrowOfStub,
  arrowStub,
  type Attachment,
  type AttachmentOutbox,
  DlpackCodec,
  type Ether,
  type SchemaRegistry,
  sendPlaced,
  SHM_MIN_BYTES,
  standardCodecs,
} from "@proj/ether-codecs";
import { type PosixShm, ShmInbox, ShmOutbox } from "@proj/ether-codecs/node";
import { CodecId, type Telemetry } from "@proj/wire-types";
import { coderProbe } from "./telemetry/coder-probe.js";
import { systemRandom, systemTime } from "@proj/wire-types/system";
import type { Connection, IncomingMessage, RequestOptions } from "@proj/xcp-framing";
import type { PooledEther, PoolInbox } from "./tensor/pool-inbox.js";
import type { PoolOutbox } from "./tensor/pool-outbox.js";
import {
  type EncodedMessage,
  type EncodeOptions,
  EtherCoder,
  type ReceivedBody,
} from "./ether-coder.js";

/** The tensor pools of this host, as far as the process has to do with them. */
export interface PoolPlaces {
  /** Reads attachments that lie in them. */
  inbox?: PoolInbox;
  /** Puts attachments there instead of into shared memory of their own. */
  outbox?: PoolOutbox;
}

/** What all links of a process share. */
export interface LinkToolkit {
  /** Known kinds. */
  readonly schemas: SchemaRegistry;
  /** Shared memory, where this system has it and the node is to use it. */
  readonly shm: PosixShm | undefined;
  /** Hears of shared-memory objects. */
  readonly telemetry: Telemetry;
  /** Tensor pools. */
  readonly pools: PoolPlaces;
}

/** How Ethers are sent and awaited. */
export interface EtherRequestOptions extends EncodeOptions, RequestOptions {
  /** `inline` keeps everything in the body; default: large data through shared memory where the peer proved to be here. */
  readonly placement?: "inline" | "auto";
}

/** A request that was answered. */
export interface Exchange {
  /** The message that went out last. */
  readonly sent: EncodedMessage;
  /** Attachments with the bytes that were handed over, wherever they travelled. */
  readonly attachments: readonly Attachment[];
  readonly reply: IncomingMessage;
}

/** Ethers that arrived. */
export interface ReceivedEthers {
  /** With all reachable attachments inline. */
  readonly ethers: readonly Ether[];
  /** The attachments of the message, with their bytes where those are reachable. */
  readonly attachments: readonly Attachment[];
  /** Ids of those that came through shared memory. */
  readonly viaShm: ReadonlySet<string>;
  /** Whether what lies in tensor pools was not overwritten meanwhile: results count only if it says so afterwards. */
  readonly stillValid: () => boolean;
}

/** Joins Ethers with one XCP connection: codecs by agreement, large data through shared memory where that was proven. */
export class EtherLink {
  /** Encodes and decodes for this connection. */
  readonly coder: EtherCoder;
  readonly #connection: Connection;
  readonly #inbox: ShmInbox;
  readonly #outbox: ShmOutbox | undefined;
  readonly #pools: PoolPlaces;

  /** Lets go of its shared memory when the connection closes. */
  constructor(connection: Connection, toolkit: LinkToolkit) {
    const { shm, schemas, telemetry } = toolkit;
    const isProven = (): boolean => connection.negotiated.sharedMem;
    this.#connection = connection;
    this.#pools = toolkit.pools;
    this.#inbox = new ShmInbox({ shm, isProven });
    const codecs = standardCodecs();
    codecs.register(new DlpackCodec({ readShm: this.#inbox.read }));
    const probe = coderProbe(telemetry.meter);
    this.coder = new EtherCoder(codecs, schemas, connection.negotiated, probe);
    this.#outbox =
      shm === undefined
        ? undefined
        : new ShmOutbox({ shm, timers: systemTime, random: systemRandom, isProven, telemetry });
    void connection.closed.then(() => this.#outbox?.close());
  }

  /**
   * Sends Ethers of one kind as one message and waits for the reply.
   *
   * @throws EtherError as {@link EtherCoder.encode}; XcpError as `Connection.request`
   */
  async request(ethers: readonly Ether[], options: EtherRequestOptions = {}): Promise<Exchange> {
    const outbox = this.#outboxFor(options);
    const [ether] = ethers;
    if (outbox === undefined || ether === undefined || ethers.length > 1) {
      return this.#sendWhole(ethers, options);
    }
    if (ether.attachments.some(isLarge)) {
      return sendPlaced(ether, outbox, (placed) =>
        placed === ether
          ? this.#sendWhole(ethers, options)
          : this.#send(this.coder.encode([placed], smallBody(options)), ether.attachments, options),
      );
    }
    return this.#sendTable(ether, outbox, options);
  }

  /**
   * Decodes a message, copying what it left in shared memory.
   *
   * @param pooled What lies in tensor pools is read in place, unless it is kept.
   * @throws EtherError with the number that a NACK carries
   */
  receive(received: ReceivedBody, pooled: "inPlace" | "copied" = "inPlace"): ReceivedEthers {
    const decoded = this.coder.decode(received);
    const sent = decoded.flatMap((ether) => ether.attachments);
    const viaShm = new Set(sent.filter(({ uri }) => uri !== undefined).map(({ id }) => id));
    const resolved = decoded.map((ether) => this.#fromPools(ether, pooled));
    const ethers = resolved.map(({ ether }) => this.#inbox.resolve(ether));
    const stillValid = (): boolean => resolved.every((each) => each.stillValid());
    const attachments = ethers.flatMap((ether) => ether.attachments);
    const [only] = ethers;
    const stream = only !== undefined && ethers.length === 1 ? arrowOfStub(only) : undefined;
    if (stream === undefined) return { ethers, attachments, viaShm, stillValid };
    const table = { bodyCodec: CodecId.ARROW_IPC, body: stream, tags: [], schemaKey: undefined };
    return { ethers: this.coder.decode(table), attachments, viaShm, stillValid };
  }

  /** Gives back the object that a RELEASE names. */
  release(lease: string): void {
    this.#outbox?.release(lease);
  }

  // Who has not proved to be on this host has no business with what lies in its memory.
  #fromPools(ether: Ether, use: "inPlace" | "copied"): Pick<PooledEther, "ether" | "stillValid"> {
    const { inbox } = this.#pools;
    const pooled = this.#connection.negotiated.sharedMem ? inbox?.resolve(ether, use) : undefined;
    return pooled ?? { ether, stillValid: () => true };
  }

  // Encrypted data does not lie open in memory beside its connection.
  #outboxFor(options: EtherRequestOptions): AttachmentOutbox | undefined {
    const { sharedMem, crypt } = this.#connection.negotiated;
    const mayPlace = sharedMem && !crypt && options.placement !== "inline";
    return mayPlace ? (this.#pools.outbox ?? this.#outbox) : undefined;
  }

  #sendWhole(ethers: readonly Ether[], options: EtherRequestOptions): Promise<Exchange> {
    const attachments = ethers.flatMap((ether) => ether.attachments);
    return this.#send(this.coder.encode(ethers, options), attachments, options);
  }

  // A large Arrow stream goes beside a stub that names it. A codec asked for by name is to be seen on the wire.
  #sendTable(
    ether: Ether,
    outbox: AttachmentOutbox,
    options: EtherRequestOptions,
  ): Promise<Exchange> {
    const message = this.coder.encode([ether], options);
    const { bodyCodec, body } = message;
    const isTable = bodyCodec === CodecId.ARROW_IPC && body.length >= SHM_MIN_BYTES;
    if (!isTable || options.codec !== undefined) {
      return this.#send(message, ether.attachments, options);
    }
    const stub = arrowStub({ bodyCodec, body, tags: [] }, ether.kind, ether.schemaVersion);
    return sendPlaced(stub, outbox, (placed) =>
      placed === stub
        ? this.#send(message, ether.attachments, options)
        : this.#send(this.coder.encode([placed], smallBody(options)), stub.attachments, options),
    );
  }

  async #send(
    sent: EncodedMessage,
    attachments: readonly Attachment[],
    options: EtherRequestOptions,
  ): Promise<Exchange> {
    const { timeoutMs, signal } = options;
    const reply = await this.#connection.request(sent, {
      acknowledge: this.#outbox !== undefined && attachments.length > 0,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(signal === undefined ? {} : { signal }),
    });
    return { sent, attachments, reply };
  }
}

function isLarge({ inlineBytes }: Attachment): boolean {
  return inlineBytes !== undefined && inlineBytes.length >= SHM_MIN_BYTES;
}

// What remains in the body beside placed attachments is small: its codec follows its size.
function smallBody({ tags, compress }: EtherRequestOptions): EncodeOptions {
  return { compress, ...(tags === undefined ? {} : { tags }) };
}

/** Finds the link of a connection, making it when there is none. */
export class LinkTable {
  readonly #toolkit: LinkToolkit;
  readonly #links = new WeakMap<Connection, EtherLink>();

  /** All links share `toolkit`. */
  constructor(toolkit: LinkToolkit) {
    this.#toolkit = toolkit;
  }

  /** The one link of `connection`. */
  of(connection: Connection): EtherLink {
    const known = this.#links.get(connection);
    if (known !== undefined) return known;
    const link = new EtherLink(connection, this.#toolkit);
    this.#links.set(connection, link);
    return link;
  }
}
