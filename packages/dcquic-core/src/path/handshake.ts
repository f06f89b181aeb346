import { concatBytes } from "@proj/wire-types";
import type { CryptoBackend } from "../crypto/backend.js";
import { type AeadName, deriveCredentialId, PATH_SECRET_BYTES } from "../crypto/key-schedule.js";
import { resetToken } from "../crypto/secret-control-seal.js";
import { DcquicError } from "../errors.js";
import { CREDENTIAL_ID_BYTES, TAG_BYTES } from "../wire/constants.js";
import {
  decodeHello,
  encodeHello,
  type Hello,
  MAX_HELLO_BYTES,
  PROTOCOL_VERSION,
} from "./hello.js";

/** Which side of a handshake this is; it fixes the directions of the path. */
export type Role = "dialer" | "listener";

/** The application protocol that TLS negotiates. spec/dcquic.md §7.2 */
export const ALPN = "dcq2/1";
/** Label under which TLS exports the path secret. §7.2 */
export const EXPORTER_LABEL = "EXPORTER-dcquic-v2";

/** What a handshake takes from its surroundings. */
export interface HandshakeOptions {
  /** This side. */
  readonly role: Role;
  /** The cryptography. */
  readonly crypto: CryptoBackend;
  /** What this side says of itself. A listener fills the answers to the dialer's questions by `knows`. */
  readonly hello: Hello;
  /** What a listener says to a dialer, where that depends on who dials; `hello` if absent. */
  helloTo?(dialer: Hello): Hello;
  /** Keying material of the TLS session (RFC 8446 §7.5). */
  exportKey(length: number, label: string, context: Uint8Array): Uint8Array;
  /** Whether a path with this credential id exists here. */
  knows(credentialId: Uint8Array): boolean;
  /** 32 bytes that survive restarts, for reset tokens. */
  readonly resetSigner: Uint8Array;
  /**
   * Enters the path into the secret map. A listener calls it before it says READY, a dialer before it says DONE, so that
   * no packet ever meets a peer that does not know its secret yet.
   */
  insert(secret: EstablishedPath): void;
}

/** What a finished handshake agreed on. */
export interface EstablishedPath {
  /** This side. */
  readonly role: Role;
  /** 32 bytes. */
  readonly pathSecret: Uint8Array;
  /** 16 bytes. */
  readonly credentialId: Uint8Array;
  /** The AEAD of the path: the dialer's first that the listener also has. */
  readonly aead: AeadName;
  /** What the peer said. */
  readonly peer: Hello;
  /** The listener may send only once this is resolved by DONE; a dialer once it is inserted. */
  readonly peerResetToken: Uint8Array | undefined;
}

/** What the peer must do next. */
type State =
  | { readonly kind: "awaitHello" }
  | { readonly kind: "awaitReady"; readonly path: EstablishedPath }
  | { readonly kind: "awaitDone"; readonly path: EstablishedPath }
  | { readonly kind: "finished"; readonly path: EstablishedPath };

const LENGTH_BYTES = 4;
const READY_BYTES = CREDENTIAL_ID_BYTES + TAG_BYTES;

/**
 * The conversation inside TLS that makes a path: HELLO both ways, then READY of the listener and DONE of the dialer.
 *
 * ```
 * awaitHello ──HELLO──▶ awaitReady (dialer) ──READY──▶ finished, DONE is sent
 *            └─HELLO──▶ awaitDone (listener), READY is sent ──DONE──▶ finished
 * ```
 *
 * Give it what TLS decrypted with {@link Handshake.receive}; send what {@link Handshake.transmit} returns.
 *
 * @see spec/dcquic.md §7.2
 */
export class Handshake {
  readonly #options: HandshakeOptions;
  #state: State = { kind: "awaitHello" };
  #received: Uint8Array = new Uint8Array(0);
  #ownHello: Uint8Array | undefined;
  readonly #toSend: Uint8Array[] = [];

  /** A dialer has its HELLO ready at once; a listener answers, because it answers questions. */
  constructor(options: HandshakeOptions) {
    this.#options = options;
    if (options.role === "dialer") this.#sayHello(options.hello);
  }

  /** What is to be sent, or `undefined`. */
  transmit(): Uint8Array | undefined {
    return this.#toSend.shift();
  }

  /** The path, once the peer confirmed it. */
  get established(): EstablishedPath | undefined {
    return this.#state.kind === "finished" ? this.#state.path : undefined;
  }

  /**
   * Takes bytes of the TLS session, in pieces of any size.
   *
   * @throws DcquicError `dcquic.handshake_failed`; the session must be dropped then.
   */
  receive(bytes: Uint8Array): void {
    this.#received = concatBytes([this.#received, bytes]);
    for (let record = this.#nextRecord(); record !== undefined; record = this.#nextRecord()) {
      this.#take(record);
    }
  }

  #nextRecord(): Uint8Array | undefined {
    const have = this.#received;
    if (have.length < LENGTH_BYTES) return undefined;
    const length = new DataView(have.buffer, have.byteOffset).getUint32(0, true);
    const most = this.#state.kind === "awaitHello" ? MAX_HELLO_BYTES : READY_BYTES;
    if (length > most) throw failed(`a record of ${length} bytes, at most ${most}`);
    if (have.length < LENGTH_BYTES + length) return undefined;
    this.#received = have.subarray(LENGTH_BYTES + length);
    return have.subarray(LENGTH_BYTES, LENGTH_BYTES + length);
  }

  #take(record: Uint8Array): void {
    switch (this.#state.kind) {
      case "awaitHello":
        return this.#takeHello(record);
      case "awaitReady":
        return this.#takeReady(record, this.#state.path);
      case "awaitDone":
        return this.#takeDone(record, this.#state.path);
      case "finished":
        throw failed("more bytes after the end of a handshake");
    }
  }

  #takeHello(record: Uint8Array): void {
    const { role, crypto, hello } = this.#options;
    const peer = decodeHello(record);
    if (role === "listener") {
      const answers = peer.asked.map((credentialId) => ({
        credentialId,
        known: this.#options.knows(credentialId),
      }));
      this.#sayHello({ ...(this.#options.helloTo?.(peer) ?? hello), answers });
    }
    const own = this.#ownHello ?? new Uint8Array(0);
    const transcript = role === "dialer" ? [own, record] : [record, own];
    const context = crypto.sha256(transcript);
    const pathSecret = this.#options.exportKey(PATH_SECRET_BYTES, EXPORTER_LABEL, context);
    const credentialId = deriveCredentialId(crypto, pathSecret);
    const path: EstablishedPath = {
      role,
      pathSecret,
      credentialId,
      aead: agreedAead(role, hello, peer),
      peer,
      peerResetToken: undefined,
    };
    if (role === "dialer") {
      this.#state = { kind: "awaitReady", path };
      return;
    }
    this.#options.insert(path);
    this.#say(this.#confirmation(credentialId));
    this.#state = { kind: "awaitDone", path };
  }

  #takeReady(record: Uint8Array, path: EstablishedPath): void {
    const peerResetToken = this.#checkConfirmation(record, path);
    const finished = { ...path, peerResetToken };
    this.#options.insert(finished);
    this.#say(this.#confirmation(path.credentialId));
    this.#state = { kind: "finished", path: finished };
  }

  #takeDone(record: Uint8Array, path: EstablishedPath): void {
    const peerResetToken = this.#checkConfirmation(record, path);
    this.#state = { kind: "finished", path: { ...path, peerResetToken } };
  }

  // The token covers the credential id, which no HELLO can know: it travels with the confirmation.
  #confirmation(credentialId: Uint8Array): Uint8Array {
    const { crypto, resetSigner } = this.#options;
    return concatBytes([credentialId, resetToken(crypto, resetSigner, credentialId)]);
  }

  #checkConfirmation(record: Uint8Array, path: EstablishedPath): Uint8Array {
    const named = record.subarray(0, CREDENTIAL_ID_BYTES);
    if (record.length !== READY_BYTES || !this.#options.crypto.equal(named, path.credentialId)) {
      throw failed("the peer confirms another path");
    }
    return record.slice(CREDENTIAL_ID_BYTES);
  }

  #sayHello(hello: Hello): void {
    this.#ownHello = encodeHello(hello);
    this.#say(this.#ownHello);
  }

  #say(record: Uint8Array): void {
    const length = new Uint8Array(LENGTH_BYTES);
    new DataView(length.buffer).setUint32(0, record.length, true);
    this.#toSend.push(concatBytes([length, record]));
  }
}

function agreedAead(role: Role, own: Hello, peer: Hello): AeadName {
  if (
    !own.versions.some((version) => version === PROTOCOL_VERSION && peer.versions.includes(version))
  ) {
    throw failed(`no common version: ${own.versions.join()} and ${peer.versions.join()}`);
  }
  const [dialer, listener] = role === "dialer" ? [own, peer] : [peer, own];
  const agreed = dialer.aeads.find((name) => listener.aeads.includes(name));
  if (agreed === undefined) throw failed("no common AEAD");
  return agreed;
}

function failed(message: string): DcquicError {
  return new DcquicError("dcquic.handshake_failed", message);
}
