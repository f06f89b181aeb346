import { verifySecretControl } from "../crypto/secret-control-seal.js";
import { decodeSecretControl } from "../wire/secret-control.js";
import type { DatagramBatch } from "./batch.js";
import type { EngineContext } from "./context.js";
import type { ForeignPaths } from "./foreign-paths.js";
import type { Path } from "./path.js";

/**
 * Obeys secret-control packets: what a peer says of keys, and of paths that it does not know.
 *
 * @see spec/dcquic.md §7.3, §17
 */
export class SecretControlIntake {
  readonly #context: EngineContext;
  readonly #foreign: ForeignPaths;
  readonly #pathOf: (bytes: Uint8Array, offset: number) => Path | undefined;

  /** `pathOf` finds a path by the credential id at an offset; what is of other workers goes to `foreign`. */
  constructor(
    context: EngineContext,
    foreign: ForeignPaths,
    pathOf: (bytes: Uint8Array, offset: number) => Path | undefined,
  ) {
    this.#context = context;
    this.#foreign = foreign;
    this.#pathOf = pathOf;
  }

  /** Takes datagram `index` of a batch, which looks like such a packet. */
  take(batch: DatagramBatch, index: number): void {
    const offset = batch.offset(index);
    const sealed = decodeSecretControl(batch.bytes.slice(offset, offset + batch.length(index)));
    if (sealed === undefined) return;
    const context = this.#context;
    const { packet } = sealed;
    const path = this.#pathOf(packet.credentialId, 0);
    if (path === undefined) {
      this.#foreign.take(batch, index, packet.credentialId, 0);
      return;
    }
    if (packet.kind === "unknownPathSecret") {
      context.events.push({ kind: "unknownPathSecret", path: path.id, token: packet.token });
      return;
    }
    if (packet.direction !== path.peerDirection) return;
    if (!verifySecretControl(context.crypto, path.keys.peerMac, sealed)) {
      context.note("openFailed", path);
      return;
    }
    switch (packet.kind) {
      case "staleKey":
        if (packet.worker !== context.config.worker) return;
        if (!path.sendKeys.raiseTo(packet.minKeyId)) context.note("staleKeyJump", path);
        return;
      case "retireControlKey":
        path.knownWorker(packet.worker)?.keys.retire(packet.keyId);
        return;
      case "retireDataKey":
        context.dataKeys.retire(packet.keyHash);
        return;
      case "replayDetected":
        context.note("replayedPacket", path);
    }
  }
}
