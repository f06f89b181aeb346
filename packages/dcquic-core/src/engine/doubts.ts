import { challengeProof } from "../crypto/challenge-proof.js";
import type { PulledTransfer } from "../transfer/pulled-transfer.js";
import { AcceptStatus } from "../wire/constants.js";
import { sameId } from "../wire/id64.js";
import type { Challenge } from "../wire/transfer-frames.js";
import { type EngineContext, TimerKind } from "./context.js";
import type { CreditKeeper } from "./credit-keeper.js";
import type { Offers } from "./offers.js";
import type { Path } from "./path.js";
import type { PeerWorker } from "./peer-worker.js";
import type { PullLoop } from "./pull-loop.js";

const MAX_CHALLENGES = 3;
const NONCE_BYTES = 16;

/**
 * Announcements below the window, which may be replays: nothing of them is offered before the announcer proved them, by
 * answering a challenge or by sending bytes for a fresh id.
 *
 * @see spec/dcquic.md §10.2, §10.3
 */
export class Doubts {
  readonly #context: EngineContext;
  readonly #loop: PullLoop;
  readonly #offers: Offers;
  readonly #credit: CreditKeeper;
  readonly #challenged = new Map<number, { count: number; bytes: number }>();

  /** Hands what was proved to `offers`, within the `credit` of its peer. */
  constructor(parts: {
    readonly context: EngineContext;
    readonly loop: PullLoop;
    readonly offers: Offers;
    readonly credit: CreditKeeper;
  }) {
    this.#context = parts.context;
    this.#loop = parts.loop;
    this.#offers = parts.offers;
    this.#credit = parts.credit;
  }

  /** Begins to doubt a transfer that is in the tables already. */
  add(path: Path, transfer: PulledTransfer): void {
    this.#context.counters.challenges += 1;
    if (transfer.inline === undefined) {
      transfer.state = "tentative";
      this.#pullFirstQuantum(path, transfer);
      return;
    }
    const { challengeBytes, challengeEntries } = this.#context.config;
    const pool = this.#challenged.get(path.id) ?? { count: 0, bytes: 0 };
    transfer.state = "challenged";
    const { length } = transfer.inline;
    // One that is large may take the place of several.
    while (pool.count >= challengeEntries || pool.bytes + length > challengeBytes) {
      if (!this.#dropOldestChallenged(path)) break;
    }
    this.#challenged.set(path.id, pool);
    pool.count += 1;
    pool.bytes += length;
    transfer.progress.nonce = this.#context.random.fill(new Uint8Array(NONCE_BYTES));
    path.outbox.challenges.push(transfer);
  }

  /** Checks the answer to a challenge: the announcement is processed once. §10.3 */
  onProof(path: Path, worker: PeerWorker, frame: Challenge): void {
    const transfer = worker.live.get(frame.notifySeq);
    const nonce = transfer?.begun?.nonce;
    if (transfer?.state !== "challenged" || nonce === undefined) return;
    if (!sameId(transfer.announcerId, frame.announcerId)) return;
    const { crypto } = this.#context;
    const inline = transfer.inline ?? new Uint8Array(0);
    const expected = challengeProof(crypto, nonce, transfer.announcerId, frame.notifySeq, inline);
    if (!crypto.equal(frame.nonce, nonce) || !crypto.equal(frame.proof, expected)) return;
    if (!this.#isCovered(path, transfer)) return;
    this.uncount(transfer);
    this.#credit.taken(path, transfer);
    this.#accept(path, worker, transfer);
  }

  /** Believes a transfer whose bytes arrived under the id that only its announcer was told. */
  believe(path: Path, transfer: PulledTransfer): void {
    this.#loop.cancel(path, transfer);
    const worker = path.knownWorker(transfer.worker);
    if (worker !== undefined) this.#accept(path, worker, transfer);
  }

  /** Notes that a challenge is on the wire. */
  challengeSent(nowUs: number, path: Path, transfer: PulledTransfer): void {
    const { id, progress } = transfer;
    const deadline = nowUs + path.rtt.backedOffPtoUs;
    progress.challenges += 1;
    progress.timerUs = deadline;
    progress.timer = this.#context.arm(progress.timer, deadline, TimerKind.Puller, id.lo);
  }

  /** A question was not answered in time: it is asked again, three times in all. */
  onTimer(path: Path, transfer: PulledTransfer): void {
    if (transfer.progress.challenges >= MAX_CHALLENGES) return this.drop(path, transfer);
    this.#context.counters.challengesRepeatedTimer += 1;
    if (transfer.state === "challenged") path.outbox.challenges.push(transfer);
    else this.#pullFirstQuantum(path, transfer);
  }

  /** Forgets that a challenged transfer takes room. */
  uncount(transfer: PulledTransfer): void {
    const pool = this.#challenged.get(transfer.path);
    if (pool === undefined) return;
    pool.count -= 1;
    pool.bytes -= transfer.inline?.length ?? 0;
    if (pool.count === 0) this.#challenged.delete(transfer.path);
  }

  #dropOldestChallenged(path: Path): boolean {
    for (const worker of path.workers) {
      for (const transfer of worker.live) {
        if (transfer.state === "challenged" && transfer.begun?.nonce !== undefined) {
          this.drop(path, transfer);
          return true;
        }
      }
    }
    return false;
  }

  /** Forgets an announcement that was never proved: if it comes again, it is doubted again. */
  drop(path: Path, transfer: PulledTransfer): void {
    const { transfers } = this.#context;
    if (transfer.state === "challenged") this.uncount(transfer);
    this.#offers.forget(transfer);
    this.#loop.cancel(path, transfer);
    const worker = path.knownWorker(transfer.worker);
    worker?.live.delete(transfer);
    worker?.doubt(transfer.notifySeq);
    transfers.remove(transfer.id);
    this.#context.end(path);
  }

  // What is proved was sent by the peer itself: then it has to be within its credit.
  #isCovered(path: Path, transfer: PulledTransfer): boolean {
    const { nowUs, transfers } = this.#context;
    const { notifySeq, inline } = transfer;
    const announced = { notifySeq, inlineBytes: inline?.length ?? 0 };
    if (this.#credit.covers(nowUs, path, announced)) return true;
    // Unless the path failed for it, and all that was there with it.
    if (transfers.get(transfer.id) === transfer) this.drop(path, transfer);
    return false;
  }

  #pullFirstQuantum(path: Path, transfer: PulledTransfer): void {
    const end = Math.min(transfer.wireBytes, this.#context.config.pullQuantumBytes);
    const pull = transfer.pulls[0] ?? this.#loop.add(transfer, 0, end);
    if (pull.attempts === 0) this.#context.pulls.pulled(0, path.sender, end, path.mtu.bytes);
    transfer.progress.challenges += 1;
    this.#loop.repull(path, transfer, pull);
  }

  #accept(path: Path, worker: PeerWorker, transfer: PulledTransfer): void {
    const { announcerId, id } = transfer;
    path.outbox.accepts.push({ announcerId, pullerId: id, status: AcceptStatus.New });
    this.#offers.offerIfFree(path, worker, transfer);
  }
}
