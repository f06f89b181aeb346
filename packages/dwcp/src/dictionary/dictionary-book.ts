import { formatBase64, formatHex, parseBase64 } from "@proj/wire-types";
import { DwcpError } from "../errors.js";
import type { HdePlatform } from "../hde/hde-platform.js";
import {
  DICT_DATA_BYTES,
  type DictDataMessage,
  type DictOfferMessage,
  type DictStateMessage,
  MAX_DICTIONARY_BYTES,
} from "../wire/store-messages.js";
import type { Dictionary } from "./train-dictionary.js";

/** The most dictionaries of a class that new units may use: the current and the one before. spec/dwcp.md B11 */
export const DICTIONARIES_PER_CLASS = 2;

const MAX_ARRIVING = 16;
// What peers bring is not taken beyond this: of 128 KiB each, at most.
const MAX_DICTIONARIES = 128;

interface Arriving {
  readonly resourceClass: string;
  readonly bytes: Uint8Array;
  filled: number;
}

interface Known {
  readonly resourceClass: string;
  readonly bytes: Uint8Array;
  /** Of those that were trained here. */
  readonly heldOutGain?: number;
  users: number;
  isRetired: boolean;
}

/** A dictionary, for people to look at. */
export interface DictionaryInfo {
  /** SHA-256 of it, in hexadecimal. */
  readonly id: string;
  /** What objects like it are called. */
  readonly resourceClass: string;
  /** In bytes. */
  readonly length: number;
  /** Transfers that use it now. */
  readonly users: number;
  /** Whether it only stays for those. */
  readonly isRetired: boolean;
  /** How much smaller the held-out samples got by it; only of those that were trained here. */
  readonly heldOutGain?: number;
  /** Nodes that said they have it. */
  readonly peers: readonly string[];
}

/**
 * The dictionaries of this side, and what each peer has of them: DICT_OFFER, then DICT_STATE, then DICT_DATA, then DICT_STATE.
 *
 * A dictionary may be used with a peer only after that peer said that it has it. Retired ones stay until nobody uses them.
 *
 * @see spec/dwcp.md B11
 */
export class DictionaryBook {
  readonly #platform: Pick<HdePlatform, "sha256">;
  readonly #known = new Map<string, Known>();
  // Peer and dictionary id, of what peers said they have.
  readonly #peerHas = new Set<string>();
  readonly #arriving = new Map<string, Arriving>();

  /** The book begins empty. */
  constructor(platform: Pick<HdePlatform, "sha256">) {
    this.#platform = platform;
  }

  /** Takes a dictionary that was trained here; the oldest of its class beyond the second is retired. */
  add(
    resourceClass: string,
    { id, ...trained }: Pick<Dictionary, "id" | "bytes"> & Partial<Dictionary>,
  ): void {
    if (this.#known.has(id)) return;
    this.#known.set(id, { ...trained, resourceClass, users: 0, isRetired: false });
    const current = [...this.#known.values()].filter(
      (each) => each.resourceClass === resourceClass && !each.isRetired,
    );
    for (const old of current.slice(0, -DICTIONARIES_PER_CLASS)) old.isRetired = true;
    this.#forgetRetired();
  }

  /** Lists the dictionaries, the oldest first. */
  list(): readonly DictionaryInfo[] {
    return [...this.#known].map(([id, { bytes, ...known }]) => ({
      id,
      ...known,
      length: bytes.length,
      peers: [...this.#peerHas]
        .filter((key) => key.startsWith(`${id} `))
        .map((key) => key.slice(id.length + 1)),
    }));
  }

  /** Gives a dictionary by its id. */
  get(id: string): Uint8Array | undefined {
    return this.#known.get(id)?.bytes;
  }

  /** Gives the newest dictionary of a class that `peer` has, or `undefined`. */
  usableFor(
    peer: string,
    resourceClass: string,
  ): { readonly id: string; readonly bytes: Uint8Array } | undefined {
    const found = [...this.#known].findLast(
      ([id, each]) =>
        each.resourceClass === resourceClass &&
        !each.isRetired &&
        this.#peerHas.has(peerKey(peer, id)),
    );
    return found === undefined ? undefined : { id: found[0], bytes: found[1].bytes };
  }

  /** Keeps a dictionary for a session, retired or not; the function that comes back lets it go. */
  use(id: string): (() => void) | undefined {
    const known = this.#known.get(id);
    if (known === undefined) return undefined;
    known.users++;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      known.users--;
      this.#forgetRetired();
    };
  }

  /** Gives the offers of what `peer` has not said it has. */
  offersFor(peer: string): readonly DictOfferMessage[] {
    return [...this.#known]
      .filter(([id, { isRetired }]) => !isRetired && !this.#peerHas.has(peerKey(peer, id)))
      .map(([id, { resourceClass, bytes }]) => ({
        kind: "DICT_OFFER",
        id,
        resourceClass,
        length: bytes.length,
      }));
  }

  /** Answers an offer: have, or need. Room for it is made only here, within the limits. */
  onOffer({ id, resourceClass, length }: DictOfferMessage): DictStateMessage {
    if (this.#known.has(id)) return { kind: "DICT_STATE", have: [id], need: [] };
    const isFull = this.#known.size + this.#arriving.size >= MAX_DICTIONARIES;
    if (length > MAX_DICTIONARY_BYTES || isFull) return { kind: "DICT_STATE", have: [], need: [] };
    // One that never came is not worth more than one that may.
    const [oldest] = this.#arriving.keys();
    if (oldest !== undefined && this.#arriving.size >= MAX_ARRIVING) this.#arriving.delete(oldest);
    this.#arriving.set(id, { resourceClass, bytes: new Uint8Array(length), filled: 0 });
    return { kind: "DICT_STATE", have: [], need: [id] };
  }

  /** Notes what `peer` has, and gives the parts of what it needs. */
  onState(peer: string, { have, need }: DictStateMessage): readonly DictDataMessage[] {
    for (const id of have) if (this.#known.has(id)) this.#peerHas.add(peerKey(peer, id));
    return need.flatMap((id) => partsOf(id, this.#known.get(id)?.bytes));
  }

  /**
   * Takes a part; the last one makes the dictionary known, and gives the answer that says so.
   *
   * @throws {@link DwcpError} `dwcp.protocol` for a part that was not asked for or is out of order; `dwcp.integrity` where the
   *   whole is not what its id says.
   */
  onData({ id, offset, data }: DictDataMessage): DictStateMessage | undefined {
    const arriving = this.#arriving.get(id);
    const part = parseBase64(data);
    if (
      arriving === undefined ||
      offset !== arriving.filled ||
      part.length === 0 ||
      part.length > arriving.bytes.length - offset
    ) {
      throw new DwcpError("dwcp.protocol", `${part.length} bytes at ${offset} of a dictionary`);
    }
    arriving.bytes.set(part, offset);
    arriving.filled += part.length;
    if (arriving.filled < arriving.bytes.length) return undefined;
    this.#arriving.delete(id);
    if (formatHex(this.#platform.sha256(arriving.bytes)) !== id) {
      throw new DwcpError("dwcp.integrity", "a dictionary is not what its id says");
    }
    this.add(arriving.resourceClass, { id, bytes: arriving.bytes });
    return { kind: "DICT_STATE", have: [id], need: [] };
  }

  /** Forgets what `peer` had: it has begun anew. */
  forgetPeer(peer: string): void {
    for (const id of this.#known.keys()) this.#peerHas.delete(peerKey(peer, id));
  }

  #forgetRetired(): void {
    for (const [id, { isRetired, users }] of this.#known) {
      if (!isRetired || users > 0) continue;
      this.#known.delete(id);
      for (const key of this.#peerHas) if (key.startsWith(id)) this.#peerHas.delete(key);
    }
  }
}

function partsOf(id: string, bytes: Uint8Array | undefined): DictDataMessage[] {
  const parts: DictDataMessage[] = [];
  if (bytes === undefined) return parts;
  for (let offset = 0; offset < bytes.length; offset += DICT_DATA_BYTES) {
    const data = formatBase64(bytes.subarray(offset, offset + DICT_DATA_BYTES));
    parts.push({ kind: "DICT_DATA", id, offset, data });
  }
  return parts;
}

function peerKey(peer: string, id: string): string {
  return `${id} ${peer}`;
}
