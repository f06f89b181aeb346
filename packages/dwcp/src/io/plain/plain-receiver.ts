import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { DwcpError } from "../../errors.js";
import { LEAF_BYTES } from "../../hde/content-id.js";
import type { HdePlatform } from "../../hde/hde-platform.js";
import type { OfferMessage } from "../../wire/transfer-messages.js";
import type { ObjectStore, StoredObject } from "../store/object-store.js";
import { hashLeaves } from "../transfer/leaf-hasher.js";
import {
  decodePlainHeader,
  isSameProof,
  MAX_HEADER_BYTES,
  NONCE_BYTES,
  PLAIN_MAGIC,
  type PlainHeader,
  PROOF_BYTES,
  proofOf,
} from "./plain-header.js";
import { SocketReader } from "./socket-reader.js";

const PIECE_BYTES = 1_048_576;
const PAGE_BYTES = 4_096;

/** What takes plain transfers. */
export interface PlainReceiverOptions {
  readonly store: ObjectStore;
  readonly platform: HdePlatform;
  /** What both sides know; empty without security. */
  readonly secret: Uint8Array;
  /** How long a connection may be silent. */
  readonly timeoutMs: number;
  readonly received: (object: StoredObject) => void | Promise<void>;
}

/** Takes objects from peers that send plainly: proven before a byte is stored, verified before it is published. */
export class PlainReceiver {
  readonly #options: PlainReceiverOptions;
  readonly #sockets = new Set<Socket>();

  constructor(options: PlainReceiverOptions) {
    this.#options = options;
  }

  /** Takes a connection that is no DWCP; `first` was read from it. It is closed in the end. */
  async take(socket: Socket, first: Uint8Array): Promise<void> {
    this.#sockets.add(socket);
    socket.on("error", () => undefined);
    socket.setTimeout(this.#options.timeoutMs, () => socket.destroy());
    try {
      await this.#serve(socket, new SocketReader(socket, first));
      socket.end();
    } catch (error) {
      socket.destroy();
      if (!(error instanceof DwcpError)) throw error;
      // A peer that is no plain sender either, or that gave up: its own business.
    } finally {
      this.#sockets.delete(socket);
    }
  }

  /** Ends all connections. */
  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async #serve(socket: Socket, reader: SocketReader): Promise<void> {
    const { secret, store, received } = this.#options;
    const magic = await reader.exactly(PLAIN_MAGIC.length);
    if (magic.toString("latin1") !== PLAIN_MAGIC) {
      throw new DwcpError("dwcp.protocol", "no plain transfer");
    }
    const nonce = randomBytes(NONCE_BYTES);
    socket.write(nonce);
    const headerBytes = (await reader.exactly(4)).readUInt32BE();
    if (headerBytes > MAX_HEADER_BYTES) {
      throw new DwcpError("dwcp.limit", `a header of ${headerBytes} bytes`);
    }
    const bytes = await reader.exactly(headerBytes);
    const proof = await reader.exactly(PROOF_BYTES);
    if (!isSameProof(proof, proofOf("sender", secret, nonce, bytes))) {
      throw new DwcpError("dwcp.auth_failed", "the sender does not prove who it is");
    }
    const header = decodePlainHeader(bytes);
    const known = store.committed(header.transferId);
    await received(known ?? (await this.#store(header, reader)));
    socket.write(proofOf("receiver", secret, nonce, bytes));
  }

  async #store(header: PlainHeader, reader: SocketReader): Promise<StoredObject> {
    const { store, platform } = this.#options;
    const offer = offerOf(header);
    const part = store.part(offer);
    try {
      for (let at = 0; at < header.length;) {
        const piece = await reader.some(Math.min(PIECE_BYTES, header.length - at));
        await part.write(at, piece, platform.crc32(piece));
        at += piece.length;
      }
      const { root } = await hashLeaves({ source: part, leafBytes: LEAF_BYTES, platform });
      if (root !== header.rootHash) {
        throw new DwcpError("dwcp.integrity", "what arrived is not what was announced");
      }
      return await store.commit(part, offer, part.length, root);
    } catch (error) {
      part.discard();
      throw error;
    }
  }
}

function offerOf({ key, generation, length, transferId, rootHash }: PlainHeader): OfferMessage {
  return {
    kind: "OFFER",
    transferId,
    objectKey: key,
    generation,
    rawLength: length,
    pageBytes: PAGE_BYTES,
    leafBytes: LEAF_BYTES,
    hash: "sha-256",
    rootHash,
    baselines: [],
    dictionaries: [],
    transferKind: "blob",
    priority: 0,
    metadata: {},
  };
}
