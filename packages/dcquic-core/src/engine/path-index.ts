import { CREDENTIAL_ID_BYTES } from "../wire/constants.js";
import type { Path } from "./path.js";

/**
 * Finds paths by credential id without making an object per packet. Packets of one path come in rows, so the last answer
 * is tried first.
 *
 * @see spec/dcquic.md §22
 */
export class PathIndex {
  readonly #byFirstWord = new Map<number, Path[]>();
  #last: Path | undefined;

  /** Enters a path under its credential id; one of the same id is replaced. */
  add(path: Path): void {
    this.remove(path.credentialId);
    const word = firstWord(path.credentialId, 0);
    const others = this.#byFirstWord.get(word);
    if (others === undefined) this.#byFirstWord.set(word, [path]);
    else others.push(path);
  }

  /** Forgets the path of a credential id. */
  remove(credentialId: Uint8Array): void {
    const word = firstWord(credentialId, 0);
    const kept = (this.#byFirstWord.get(word) ?? []).filter(
      (path) => !isNamed(path, credentialId, 0),
    );
    if (kept.length === 0) this.#byFirstWord.delete(word);
    else this.#byFirstWord.set(word, kept);
    this.#last = undefined;
  }

  /** The path whose credential id lies at `offset` of `bytes`. */
  find(bytes: Uint8Array, offset: number): Path | undefined {
    if (this.#last !== undefined && isNamed(this.#last, bytes, offset)) return this.#last;
    const candidates = this.#byFirstWord.get(firstWord(bytes, offset));
    if (candidates === undefined) return undefined;
    for (const path of candidates) {
      if (!isNamed(path, bytes, offset)) continue;
      this.#last = path;
      return path;
    }
    return undefined;
  }
}

function isNamed(path: Path, bytes: Uint8Array, offset: number): boolean {
  const { credentialId } = path;
  for (let i = 0; i < CREDENTIAL_ID_BYTES; i++) {
    if (credentialId[i] !== bytes[offset + i]) return false;
  }
  return true;
}

function firstWord(bytes: Uint8Array, offset: number): number {
  return (
    (bytes[offset] ?? 0) |
    ((bytes[offset + 1] ?? 0) << 8) |
    ((bytes[offset + 2] ?? 0) << 16) |
    ((bytes[offset + 3] ?? 0) << 24)
  );
}
