import { formatHex } from "@proj/wire-types";
import { dataKeyHash } from "../crypto/data-keys.js";
import { sealSecretControl } from "../crypto/secret-control-seal.js";
import type { RegisteredBuffer } from "../buffer/registered-buffer.js";
import type { EngineContext } from "./context.js";
import type { Path } from "./path.js";

/** How long a data key must have been out of use before the peer is told to forget it; µs. */
const DATA_KEY_IDLE_US = 1_000_000;
const REPLAY_NOTICE_EVERY_US = 100_000;

/** Own keys of a path that go out of use, until its peer was told. */
export interface RetiringKeys {
  /** Rotations of the control key that were noticed. */
  rotations: number;
  /** When RETIRE_CONTROL_KEY goes: once packets under the old key have arrived or are lost. */
  controlAtUs: number;
  /** When the first unused data key is due. */
  dataAtUs: number;
  /** Data keys by name: how many transfers of the path use each, and since when none does. */
  readonly data: Map<string, { readonly key: Uint8Array; users: number; idleSinceUs: number }>;
  /** When REPLAY_DETECTED was last sent. */
  replayToldUs: number;
}

/** Nothing is in use yet. */
export function retiringKeys(): RetiringKeys {
  const never = Number.POSITIVE_INFINITY;
  return {
    rotations: 0,
    controlAtUs: never,
    dataAtUs: never,
    data: new Map(),
    replayToldUs: -never,
  };
}

/**
 * Tells peers which keys they may forget, and, so that someone may look into it, of packets that came twice.
 *
 * @see spec/dcquic.md §7.4
 */
export class KeyRetirement {
  readonly #context: EngineContext;
  readonly #sendRaw: (datagram: Uint8Array, address: number) => void;

  /** `sendRaw` sends a datagram that is no packet of a path. */
  constructor(context: EngineContext, sendRaw: (datagram: Uint8Array, address: number) => void) {
    this.#context = context;
    this.#sendRaw = sendRaw;
  }

  /** Notices that the control key of a path changed. */
  packetSent(nowUs: number, path: Path): void {
    const { retiring, sendKeys } = path;
    if (sendKeys.rotations === retiring.rotations) return;
    this.#context.counters.rotations += sendKeys.rotations - retiring.rotations;
    retiring.rotations = sendKeys.rotations;
    retiring.controlAtUs = nowUs + 2 * path.rtt.ptoUs;
  }

  /** Counts a transfer that uses the data key of its buffer. */
  begin(path: Path, buffer: RegisteredBuffer): void {
    const key = buffer.sealing?.dataKey;
    if (key === undefined) return;
    const name = formatHex(key);
    const { data } = path.retiring;
    const entry = data.get(name) ?? { key, users: 0, idleSinceUs: 0 };
    entry.users += 1;
    data.set(name, entry);
  }

  /** Uncounts it. */
  end(nowUs: number, path: Path, buffer: RegisteredBuffer): void {
    const key = buffer.sealing?.dataKey;
    const entry = key && path.retiring.data.get(formatHex(key));
    if (entry === undefined) return;
    entry.users -= 1;
    entry.idleSinceUs = nowUs;
    const { retiring } = path;
    if (entry.users === 0)
      retiring.dataAtUs = Math.min(retiring.dataAtUs, nowUs + DATA_KEY_IDLE_US);
  }

  /** When {@link KeyRetirement.run} has something to do; Infinity for never. */
  nextUs(path: Path): number {
    return Math.min(path.retiring.controlAtUs, path.retiring.dataAtUs);
  }

  /** Tells what is due. */
  run(nowUs: number, path: Path): void {
    const { retiring } = path;
    const { crypto, config } = this.#context;
    const common = {
      direction: path.direction,
      worker: config.worker,
      credentialId: path.credentialId,
    };
    if (retiring.controlAtUs <= nowUs) {
      retiring.controlAtUs = Number.POSITIVE_INFINITY;
      const keyId = path.sendKeys.keyId - 1;
      const packet = { kind: "retireControlKey", ...common, keyId } as const;
      this.#sendRaw(sealSecretControl(crypto, path.keys.ownMac, packet), path.address);
    }
    if (retiring.dataAtUs > nowUs) return;
    retiring.dataAtUs = Number.POSITIVE_INFINITY;
    for (const [name, { key, users, idleSinceUs }] of retiring.data) {
      if (users > 0) continue;
      const dueUs = idleSinceUs + DATA_KEY_IDLE_US;
      if (nowUs < dueUs) {
        retiring.dataAtUs = Math.min(retiring.dataAtUs, dueUs);
        continue;
      }
      retiring.data.delete(name);
      const packet = {
        kind: "retireDataKey",
        ...common,
        keyHash: dataKeyHash(crypto, key),
      } as const;
      this.#sendRaw(sealSecretControl(crypto, path.keys.ownMac, packet), path.address);
    }
  }

  /** Tells the peer of a path that one of its packets came twice; ten times a second at most. */
  replayed(nowUs: number, path: Path, worker: number, keyId: number, packetNumber: number): void {
    if (nowUs - path.retiring.replayToldUs < REPLAY_NOTICE_EVERY_US) return;
    path.retiring.replayToldUs = nowUs;
    const packet = {
      kind: "replayDetected",
      direction: path.direction,
      worker,
      credentialId: path.credentialId,
      keyId,
      packetNumber,
    } as const;
    const { crypto } = this.#context;
    this.#sendRaw(sealSecretControl(crypto, path.keys.ownMac, packet), path.address);
  }
}
