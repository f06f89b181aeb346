import type { CryptoBackend } from "../crypto/backend.js";
import { RecentMap } from "../sched/recent-map.js";
import type { PathEntry } from "./secret-map.js";

const PER_SOURCE_US = 100_000;
const PER_SECOND = 1000;
const SECOND_US = 1_000_000;
const REMEMBERED_SOURCES = 4096;
const HANDSHAKE_EVERY_US = 10_000_000;
/** Length of an UNKNOWN_PATH_SECRET. spec/dcquic.md §17.6 */
const UNKNOWN_PATH_SECRET_BYTES = 36;

/**
 * Decides which packets with an unknown credential id are answered, so that answers can neither amplify nor flood.
 *
 * @see spec/dcquic.md §7.4
 */
export class UnknownSecretAnswers {
  readonly #lastBySource = new RecentMap<string, number>(REMEMBERED_SOURCES);
  #windowUs = Number.NEGATIVE_INFINITY;
  #inWindow = 0;

  /** Whether a packet of `packetBytes` from `source` is answered; counts it if so. */
  allow(nowUs: number, source: string, packetBytes: number): boolean {
    if (packetBytes <= UNKNOWN_PATH_SECRET_BYTES) return false;
    if (nowUs - this.#windowUs >= SECOND_US) {
      this.#windowUs = nowUs;
      this.#inWindow = 0;
    }
    const last = this.#lastBySource.get(source);
    if (this.#inWindow >= PER_SECOND) return false;
    if (last !== undefined && nowUs - last < PER_SOURCE_US) return false;
    this.#inWindow += 1;
    this.#lastBySource.renew(source, nowUs);
    return true;
  }
}

/** What a received UNKNOWN_PATH_SECRET calls for. */
export type UnknownSecretVerdict =
  /** The token is not the peer's: drop it. */
  | "forged"
  /** A handshake was just made or tried: wait. */
  | "tooSoon"
  /** Ask the peer, in a new handshake, whether it knows the credential id. Nothing changes before its answer. */
  | "askPeer";

/**
 * Judges received UNKNOWN_PATH_SECRET packets. Their token is constant, so an old one may be replayed: it never resets
 * anything by itself.
 *
 * @see spec/dcquic.md §7.4, D-27
 */
export class UnknownSecretWatch {
  readonly #crypto: CryptoBackend;
  readonly #lastHandshake = new Map<string, number>();

  /** Compares tokens with `crypto`, in constant time. */
  constructor(crypto: CryptoBackend) {
    this.#crypto = crypto;
  }

  /** Judges a token for the path it names; "askPeer" counts as a handshake that was started. */
  judge(nowUs: number, entry: PathEntry, token: Uint8Array): UnknownSecretVerdict {
    const expected = entry.path.peerResetToken;
    if (expected === undefined || !this.#crypto.equal(expected, token)) return "forged";
    const last = this.#lastHandshake.get(entry.identity) ?? Number.NEGATIVE_INFINITY;
    if (nowUs - last < HANDSHAKE_EVERY_US || nowUs - entry.createdUs < HANDSHAKE_EVERY_US) {
      return "tooSoon";
    }
    for (const [identity, atUs] of this.#lastHandshake) {
      if (nowUs - atUs >= HANDSHAKE_EVERY_US) this.#lastHandshake.delete(identity);
    }
    this.#lastHandshake.set(entry.identity, nowUs);
    return "askPeer";
  }

  /**
   * Decides, from the new handshake, whether the old path is lost: only if the peer says *unknown* and started anew since.
   */
  isStateLost(before: PathEntry, after: PathEntry): boolean {
    const lost = before.path.credentialId;
    const { answers, epoch } = after.path.peer;
    const answer = answers.find(({ credentialId }) => this.#crypto.equal(credentialId, lost));
    if (answer === undefined || answer.known || before.identity !== after.identity) return false;
    return !this.#crypto.equal(before.path.peer.epoch, epoch);
  }
}
