import { createHash } from "node:crypto";
import { mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { ByteSource } from "../../hde/byte-source.js";
import { contentIdOf } from "../../hde/content-id.js";
import type { HdePlatform } from "../../hde/hde-platform.js";
import { safeName } from "../../journal/safe-name.js";
import type { OfferMessage } from "../../wire/transfer-messages.js";
import { FileSource } from "./file-source.js";
import { bytesPath, foundObjects, notePath, publish } from "./object-notes.js";
import { Part } from "./part.js";

/** An object that arrived whole. */
export interface StoredObject {
  /** What the object is called. */
  readonly key: string;
  /** Rises with every state of the object. */
  readonly generation: number;
  /** In bytes. */
  readonly length: number;
  /** Its content id, in hexadecimal. */
  readonly rootHash: string;
  /** 16 bytes, in hexadecimal: the same for every attempt. */
  readonly transferId: string;
  /** Where its bytes lie. */
  readonly path: string;
}

/** How many generations of an object are kept: the last one is the next one's baseline. */
const GENERATIONS_KEPT = 2;

/**
 * A folder of received objects, and of those on their way.
 *
 * ```
 * objects/<key>/<generation>.bin   with <generation>.json beside it, which names its content; before that, <generation>.<transfer>.new
 * parts/<transfer>.part            with .journal and .lock
 * kept/<transfer>.part             what failed its last verification, for analysis
 * ```
 */
export class ObjectStore {
  readonly #folder: string;
  readonly #platform: HdePlatform;
  readonly #objects = new Map<string, StoredObject>();
  readonly #verified = new Set<string>();
  readonly #dropped: (ids: readonly string[]) => void;

  /** Opens the folder, or makes it. `dropped` hears of the content ids that are no longer here. */
  constructor(
    folder: string,
    platform: HdePlatform,
    dropped: (ids: readonly string[]) => void = () => undefined,
  ) {
    this.#dropped = dropped;
    this.#folder = folder;
    this.#platform = platform;
    for (const each of ["objects", "parts", "kept"]) {
      mkdirSync(join(folder, each), { recursive: true, mode: 0o700 });
    }
    for (const object of foundObjects(join(folder, "objects"), join(folder, "parts"))) {
      this.#objects.set(object.transferId, object);
      // A process that was killed right after it had published left them.
      for (const left of ["journal", "lock"]) {
        rmSync(join(folder, "parts", `${object.transferId}.${left}`), { force: true });
      }
    }
  }

  /** Everything that arrived whole and is still here. */
  get objects(): readonly StoredObject[] {
    return [...this.#objects.values()];
  }

  /** The newest generation of `key`. */
  latest(key: string): StoredObject | undefined {
    return this.objects
      .filter((object) => object.key === key)
      .toSorted((a, b) => b.generation - a.generation)[0];
  }

  /** What a transfer brought, when it is over. */
  committed(transferId: string): StoredObject | undefined {
    return this.#objects.get(transferId);
  }

  /** Whether something may be sent against this state. */
  holds(id: string): boolean {
    return this.objects.some(({ rootHash }) => rootHash === id);
  }

  /** Opens an object by its content id, after making sure that its bytes still have it. The caller closes it. */
  baseline(id: string, length: number): FileSource | undefined {
    const object = this.objects.find((each) => each.rootHash === id && each.length === length);
    if (object === undefined) return undefined;
    try {
      const source = new FileSource(object.path);
      if (source.length === length && this.#holds(source, object)) return source;
      source.close();
    } catch {
      // Somebody took the file away: then it is no baseline.
    }
    this.#objects.delete(object.transferId);
    return undefined;
  }

  /**
   * Opens the place where an offered object gathers.
   *
   * @throws DwcpError `dwcp.conflict`, `dwcp.limit`.
   */
  part(offer: OfferMessage): Part {
    safeName(offer.objectKey);
    return new Part(join(this.#folder, "parts", offer.transferId), {
      transferId: offer.transferId,
      rawLength: offer.rawLength,
      generation: offer.generation,
      leafBytes: offer.leafBytes,
      keyDigest: createHash("sha256").update(offer.objectKey).digest("hex"),
      rootHash: offer.rootHash,
    });
  }

  /** Publishes a verified part of `length` bytes: synced, renamed, with a note of what it is. spec/dwcp.md B7 */
  async commit(
    part: Part,
    offer: OfferMessage,
    length: number,
    rootHash: string,
  ): Promise<StoredObject> {
    await part.sync();
    const folder = join(this.#folder, "objects", safeName(offer.objectKey));
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const object: StoredObject = {
      key: offer.objectKey,
      generation: offer.generation,
      length,
      rootHash,
      transferId: offer.transferId,
      path: bytesPath(folder, offer.generation),
    };
    part.close();
    await publish(object, folder, part.path);
    part.finish();
    this.#replaceSame(object);
    this.#verified.add(object.transferId);
    this.#prune(object.key);
    return object;
  }

  /** Puts a part aside that did not become what was sent. */
  keepForAnalysis(part: Part, transferId: string): void {
    part.finish();
    renameSync(part.path, join(this.#folder, "kept", `${transferId}.part`));
  }

  #replaceSame(object: StoredObject): void {
    for (const each of this.objects) {
      if (each.path === object.path) this.#objects.delete(each.transferId);
    }
    this.#objects.set(object.transferId, object);
  }

  #holds(source: ByteSource, object: StoredObject): boolean {
    if (this.#verified.has(object.transferId)) return true;
    if (contentIdOf(source, this.#platform) !== object.rootHash) return false;
    this.#verified.add(object.transferId);
    return true;
  }

  #prune(key: string): void {
    const old = this.objects
      .filter((object) => object.key === key)
      .toSorted((a, b) => b.generation - a.generation)
      .slice(GENERATIONS_KEPT);
    for (const object of old) {
      this.#objects.delete(object.transferId);
      rmSync(object.path, { force: true });
      rmSync(notePath(object), { force: true });
    }
    const gone = old.map(({ rootHash }) => rootHash).filter((id) => !this.holds(id));
    if (gone.length > 0) this.#dropped(gone);
  }
}
