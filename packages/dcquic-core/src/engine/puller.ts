import { challengeProof } from "../crypto/challenge-proof.js";
import { openRecords } from "../crypto/records.js";
import { isWireError } from "@proj/wire-types";
import { PulledTransfer } from "../transfer/pulled-transfer.js";
import type { Tombstone } from "../transfer/tombstones.js";
import type { Chunk } from "../wire/chunk.js";
import {
  AcceptStatus,
  ChunkFlag,
  NO_NOTIFY_SEQ,
  Protection,
  ResetCode,
} from "../wire/constants.js";
import { type Id64, id64, sameId } from "../wire/id64.js";
import type { NotifyEntry } from "../wire/notify-entry.js";
import type { Closed } from "../wire/path-frames.js";
import type { Challenge, FlowReset, PullHold } from "../wire/transfer-frames.js";
import { type EngineContext, TimerKind } from "./context.js";
import { CreditKeeper } from "./credit-keeper.js";
import { Offers } from "./offers.js";
import type { Path } from "./path.js";
import type { PeerWorker } from "./peer-worker.js";
import type { PullLoop } from "./pull-loop.js";
import { Status, statusOfReset } from "./status.js";

const NO_ID: Id64 = id64();
const MAX_CHALLENGES = 3;
const MAX_CHALLENGED = 256;
const MAX_CHALLENGED_BYTES = 262_144;
const MAX_INTEGRITY_FAILURES = 3;
const NONCE_BYTES = 16;

/**
 * The pulling side: which announcements are taken, what is asked for when, and what becomes of the bytes.
 *
 * @see spec/dcquic.md §6, §9, §10, §11, §12
 */
export class Puller {
  readonly #context: EngineContext;
  readonly #loop: PullLoop;
  readonly #credit: CreditKeeper;
  readonly #offers: Offers;
  readonly #challenged = new Map<number, { count: number; bytes: number }>();

  /** Has `loop` ask for bytes. `violated` is called for a path whose peer broke the protocol too often. */
  constructor(context: EngineContext, loop: PullLoop, violated: (path: Path) => void) {
    this.#context = context;
    this.#loop = loop;
    this.#credit = new CreditKeeper(context, violated);
    this.#offers = new Offers(context);
  }

  /** Takes an announcement. */
  onNotify(nowUs: number, path: Path, worker: PeerWorker, entry: NotifyEntry): void {
    const { notifySeq } = entry;
    const live = worker.live.get(notifySeq);
    if (live !== undefined) {
      if (sameId(live.announcerId, entry.transferId) && isAnswered(live)) {
        this.#answer(path, live.announcerId, live.id, AcceptStatus.DuplicateActive);
      }
      return;
    }
    const tombstone = worker.tombstones.get(notifySeq);
    if (tombstone !== undefined && tombstone.status !== Status.Ok) {
      this.#tellFailed(path, tombstone);
      return;
    }
    if (tombstone !== undefined) {
      this.#answer(path, tombstone.announcerId, tombstone.pullerId, AcceptStatus.DuplicateComplete);
      if (tombstone.pulled) path.completeAcks.push(tombstone.announcerId);
      return;
    }
    const verdict = worker.notifies.check(notifySeq);
    if (verdict === "seen") return;
    if (!this.#credit.covers(nowUs, path, entry)) return;
    if (verdict === "new") worker.notifies.commit(notifySeq);
    if (!this.#fits(path, worker, entry)) return;
    const transfer = new PulledTransfer(path.id, worker.worker, entry);
    if (!this.#context.transfers.insert({ role: "puller", transfer }, transfer.id)) {
      this.#answer(
        path,
        id64(entry.transferId.hi, entry.transferId.lo),
        NO_ID,
        AcceptStatus.Overloaded,
      );
      this.#credit.finished(path, transfer);
      this.#offers.markOffered(path, worker, notifySeq);
      return;
    }
    worker.live.set(notifySeq, transfer);
    this.#context.begin(nowUs, path);
    if (transfer.inline !== undefined) {
      path.inlineReceived += transfer.inline.length;
      this.#context.payloadReceived += transfer.inline.length;
    }
    if (verdict === "below") return this.#doubt(path, transfer);
    this.#answer(path, transfer.announcerId, transfer.id, AcceptStatus.New);
    this.#offers.hold(path, worker, transfer, entry);
  }

  /** Takes bytes of a DATA packet: they lie at `at` of `slab`. */
  onChunk(nowUs: number, path: Path, chunk: Chunk, slab: Uint8Array, at: number): void {
    const entry = this.#context.transfers.get(chunk.pullerId);
    if (entry?.role === "tombstone" && entry.tombstone.path === path.id) {
      if (entry.tombstone.status !== Status.Ok) this.#tellFailed(path, entry.tombstone);
      else path.completeAcks.push(entry.tombstone.announcerId);
      return;
    }
    if (entry?.role !== "puller" || entry.transfer.path !== path.id) return;
    const { transfer } = entry;
    if (transfer.state === "tentative") this.#believe(path, transfer);
    if ((chunk.flags & ChunkFlag.AckRequest) !== 0) this.#queueAck(path, transfer);
    const end = chunk.wireOffset + chunk.length;
    if (chunk.length === 0) return;
    if (transfer.state !== "pulling" || transfer.bytes === undefined) return;
    if (end > transfer.wireBytes) return this.#context.note("protocolViolation", path);
    this.#loop.answered(nowUs, path, transfer, chunk);
    // Bytes that are here already are left alone: a later copy must not change what was checked.
    let position = transfer.received.firstGap(chunk.wireOffset);
    while (position < end) {
      const until = Math.min(end, transfer.received.firstHeld(position));
      const from = at + position - chunk.wireOffset;
      transfer.bytes.set(slab.subarray(from, from + until - position), position);
      transfer.received.add(position, until);
      this.#context.payloadReceived += until - position;
      position = transfer.received.firstGap(until);
    }
    this.#context.pulls.arrived(nowUs, path.sender, chunk.length, path.rtt.srttUs);
    const isPartDone = this.#loop.settle(path, transfer);
    if (isPartDone && transfer.received.covered < transfer.wireBytes) {
      this.#queueAck(path, transfer);
    }
    if (transfer.received.covered === transfer.wireBytes) this.#assembled(nowUs, path, transfer);
    else this.#loop.arm(transfer);
  }

  /** Obeys a PULL_HOLD: the answer will come later. §9.8 */
  onHold(nowUs: number, path: Path, frame: PullHold): void {
    const transfer = this.#own(path, frame.pullerId);
    const pull = transfer?.pulls.find(({ seq }) => seq === frame.pullSeq);
    if (transfer === undefined || pull === undefined) return;
    const longest = this.#context.config.maxPtoUs;
    pull.dueUs = Math.max(pull.dueUs, nowUs + Math.min(frame.delayUs, longest) + path.rtt.ptoUs);
    this.#loop.arm(transfer);
  }

  /** Obeys a CLOSED: these announcements will never be asked about again. §9.12 */
  onClosed(path: Path, worker: PeerWorker, frame: Closed): void {
    worker.tombstones.close(frame.floor, frame.ranges);
    this.#markOfferedRange(path, worker, 0, frame.floor);
    for (let i = 0; i < frame.ranges.count; i++) {
      const [start, end] = [frame.ranges.start(i), frame.ranges.end(i)];
      this.#markOfferedRange(path, worker, frame.floor + start, frame.floor + end);
    }
  }

  /** Checks the answer to a challenge: the announcement is processed once. §10.3 */
  onProof(path: Path, worker: PeerWorker, frame: Challenge): void {
    const transfer = worker.live.get(frame.notifySeq);
    if (transfer?.state !== "challenged" || transfer.nonce === undefined) return;
    if (!sameId(transfer.announcerId, frame.announcerId)) return;
    const { crypto } = this.#context;
    const inline = transfer.inline ?? new Uint8Array(0);
    const expected = challengeProof(
      crypto,
      transfer.nonce,
      transfer.announcerId,
      frame.notifySeq,
      inline,
    );
    if (!crypto.equal(frame.nonce, transfer.nonce) || !crypto.equal(frame.proof, expected)) return;
    this.#uncountChallenge(transfer);
    this.#answer(path, transfer.announcerId, transfer.id, AcceptStatus.New);
    this.#offers.offerIfFree(path, worker, transfer);
  }

  /** Obeys a FLOW_RESET that names a transfer from the peer. */
  onReset(path: Path, transfer: PulledTransfer, frame: FlowReset): void {
    this.fail(path, transfer, statusOfReset(frame.code));
  }

  /** Obeys a FLOW_RESET that takes an announcement back by its number. D-2 */
  onVoid(path: Path, worker: PeerWorker, frame: FlowReset): void {
    const { notifySeq } = frame;
    const live = worker.live.get(notifySeq);
    if (live !== undefined) this.fail(path, live, statusOfReset(frame.code));
    if (frame.code !== ResetCode.Cancelled) return;
    if (live === undefined && worker.notifies.check(notifySeq) === "new") {
      if (notifySeq >= path.notifyGranted) return;
      worker.notifies.commit(notifySeq);
      path.notifyFinished += 1;
    }
    this.#offers.markOffered(path, worker, notifySeq);
    this.#answer(path, id64(frame.ownId.hi, frame.ownId.lo), NO_ID, AcceptStatus.Voided);
  }

  /** Begins to pull an offered transfer, into memory of its own. */
  accept(nowUs: number, path: Path, transfer: PulledTransfer): void {
    if (transfer.state !== "offered") throw new TypeError(`a transfer that is ${transfer.state}`);
    transfer.state = "pulling";
    if (transfer.inline !== undefined) {
      transfer.bytes = transfer.inline;
      return this.#deliver(path, transfer, transfer.inline);
    }
    transfer.bytes = new Uint8Array(transfer.wireBytes);
    if (transfer.wireBytes === 0) return this.#assembled(nowUs, path, transfer);
    this.#context.pulls.want(path.sender, 1);
    path.pullQueue.push(transfer.priority, transfer.id.lo);
    this.#context.pulling.add(path);
  }

  /** Ends an offered or running transfer from the peer. The peer hears of it by the stream's close. */
  reject(path: Path, transfer: PulledTransfer): void {
    if (transfer.pulls.length > 0) path.cancelPulls.push(transfer.announcerId);
    path.resets.push({
      addresseeId: transfer.announcerId,
      ownId: transfer.id,
      notifySeq: NO_NOTIFY_SEQ,
      code: ResetCode.Cancelled,
    });
    this.#finish(path, transfer, Status.Rejected);
  }

  /** Notes that the application used a delivered transfer: its announcement is finished, and credit returns. */
  consume(path: Path, transfer: PulledTransfer): void {
    if (transfer.state !== "delivered") throw new TypeError(`a transfer that is ${transfer.state}`);
    this.#finish(path, transfer, Status.Ok);
  }

  /** Ends a transfer from the peer that cannot succeed any more. */
  fail(path: Path, transfer: PulledTransfer, status: number): void {
    const wasTold = transfer.state === "offered" || transfer.state === "pulling";
    if (wasTold) {
      this.#context.events.push({
        kind: "transferFailed",
        path: path.id,
        transfer: id64(transfer.id.hi, transfer.id.lo),
        side: "puller",
        status,
        rootCause: undefined,
      });
    }
    if (transfer.state === "delivered") return;
    this.#finish(path, transfer, status);
  }

  /** Notes that a challenge is on the wire. */
  challengeSent(nowUs: number, path: Path, transfer: PulledTransfer): void {
    transfer.challenges += 1;
    const deadline = nowUs + path.rtt.backedOffPtoUs;
    const { timer, id } = transfer;
    transfer.timer = this.#context.arm(timer, deadline, TimerKind.Puller, id.lo);
  }

  /** The transfer's timer ran out: what is missing is asked for again. */
  onTimer(nowUs: number, path: Path, transfer: PulledTransfer): void {
    if (this.#loop.isBusy(nowUs, path, transfer)) return;
    path.rtt.expired(nowUs);
    path.health.sample(nowUs, 1);
    if (transfer.state === "challenged" || transfer.state === "tentative") {
      if (transfer.challenges >= MAX_CHALLENGES) return this.#drop(path, transfer);
      if (transfer.state === "challenged") path.challenges.push(transfer);
      else this.#pullFirstQuantum(path, transfer);
      return;
    }
    for (const pull of transfer.pulls) {
      if (pull.sentUs >= 0 && pull.dueUs <= nowUs) this.#loop.repull(path, transfer, pull);
    }
    this.#loop.arm(transfer);
  }

  /**
   * Fails everything that needs more of a peer that is gone. What arrived whole with its announcement was acknowledged, so it
   * is still the application's, unless the path itself goes.
   */
  failAll(path: Path, status: number): void {
    for (const worker of path.workers) {
      for (const transfer of worker.live.values()) {
        const isWhole = transfer.inline !== undefined && transfer.state !== "challenged";
        if (!isWhole || status === Status.GoingAway) this.fail(path, transfer, status);
      }
    }
  }

  // Whoever asks about a transfer that failed here would otherwise ask for ever.
  #tellFailed(path: Path, tombstone: Tombstone): void {
    path.resets.push({
      addresseeId: tombstone.announcerId,
      ownId: tombstone.pullerId,
      notifySeq: NO_NOTIFY_SEQ,
      code: ResetCode.Cancelled,
    });
  }

  #fits(path: Path, worker: PeerWorker, entry: NotifyEntry): boolean {
    const { maxMessageBytes } = this.#context.config;
    if (entry.totalBytes <= maxMessageBytes && entry.wireBytes <= 2 * maxMessageBytes) return true;
    const announcerId = id64(entry.transferId.hi, entry.transferId.lo);
    this.#answer(path, announcerId, NO_ID, AcceptStatus.Limit);
    this.#offers.markOffered(path, worker, entry.notifySeq);
    path.notifyFinished += 1;
    return false;
  }

  // An announcement below the window may be a replay: nothing is offered before the announcer proves it. §10.2
  #doubt(path: Path, transfer: PulledTransfer): void {
    if (transfer.inline === undefined) {
      transfer.state = "tentative";
      this.#pullFirstQuantum(path, transfer);
      return;
    }
    const pool = this.#challenged.get(path.id) ?? { count: 0, bytes: 0 };
    this.#challenged.set(path.id, pool);
    transfer.state = "challenged";
    if (
      pool.count >= MAX_CHALLENGED ||
      pool.bytes + transfer.inline.length > MAX_CHALLENGED_BYTES
    ) {
      this.#dropOldestChallenged(path);
    }
    pool.count += 1;
    pool.bytes += transfer.inline.length;
    transfer.nonce = this.#context.random.fill(new Uint8Array(NONCE_BYTES));
    path.challenges.push(transfer);
  }

  #dropOldestChallenged(path: Path): void {
    for (const worker of path.workers) {
      for (const transfer of worker.live.values()) {
        if (transfer.state === "challenged" && transfer.nonce !== undefined) {
          this.#drop(path, transfer);
          return;
        }
      }
    }
  }

  #uncountChallenge(transfer: PulledTransfer): void {
    const pool = this.#challenged.get(transfer.path);
    if (pool === undefined) return;
    pool.count -= 1;
    pool.bytes -= transfer.inline?.length ?? 0;
  }

  // Forgets an announcement that was never proved, without a trace.
  #drop(path: Path, transfer: PulledTransfer): void {
    const { transfers } = this.#context;
    if (transfer.state === "challenged") this.#uncountChallenge(transfer);
    if (transfer.inline !== undefined) path.inlineReceived -= transfer.inline.length;
    this.#loop.cancel(path, transfer);
    transfer.timer = this.#context.disarm(transfer.timer);
    path.knownWorker(transfer.worker)?.live.delete(transfer.notifySeq);
    transfers.remove(transfer.id);
    this.#context.end(path);
  }

  #pullFirstQuantum(path: Path, transfer: PulledTransfer): void {
    const end = Math.min(transfer.wireBytes, this.#context.config.pullQuantumBytes);
    const pull = transfer.pulls[0] ?? this.#loop.add(transfer, 0, end);
    if (pull.attempts === 0) this.#context.pulls.pulled(0, path.sender, end);
    transfer.challenges += 1;
    this.#loop.repull(path, transfer, pull);
  }

  #believe(path: Path, transfer: PulledTransfer): void {
    this.#loop.cancel(path, transfer);
    transfer.timer = this.#context.disarm(transfer.timer);
    const worker = path.knownWorker(transfer.worker);
    this.#answer(path, transfer.announcerId, transfer.id, AcceptStatus.New);
    if (worker !== undefined) this.#offers.offerIfFree(path, worker, transfer);
  }

  #markOfferedRange(path: Path, worker: PeerWorker, start: number, end: number): void {
    worker.offered.add(start, end);
    for (const [notifySeq, transfer] of worker.live) {
      if (notifySeq < start || notifySeq >= end || transfer.inline !== undefined) continue;
      // Its announcer gave it up: the bytes will not come.
      if (transfer.state !== "delivered") this.fail(path, transfer, Status.Cancelled);
    }
    for (const notifySeq of worker.dependents.keys()) {
      if (notifySeq >= start && notifySeq < end) this.#offers.markOffered(path, worker, notifySeq);
    }
  }

  #queueAck(path: Path, transfer: PulledTransfer): void {
    if (transfer.ackQueued) return;
    transfer.ackQueued = true;
    path.acks.push(transfer);
  }

  #assembled(nowUs: number, path: Path, transfer: PulledTransfer): void {
    const { crypto, dataKeys } = this.#context;
    const wire = transfer.bytes ?? new Uint8Array(0);
    let plain = wire;
    if (transfer.protection === Protection.Record && transfer.dataKey !== undefined) {
      try {
        plain = openRecords(
          crypto,
          dataKeys.aead(transfer.dataKey),
          transfer,
          wire,
          transfer.binding,
        );
      } catch (error) {
        if (!isWireError(error) && !(error instanceof RangeError)) throw error;
        return this.#mistrust(path, transfer);
      }
    }
    path.completeAcks.push(transfer.announcerId);
    path.health.sample(nowUs, 0);
    this.#deliver(path, transfer, plain);
  }

  // The bytes are not what the announcer bound together: they are pulled again as a whole, a few times.
  #mistrust(path: Path, transfer: PulledTransfer): void {
    this.#context.note("integrityFailed", path);
    transfer.integrityFailures += 1;
    if (transfer.integrityFailures >= MAX_INTEGRITY_FAILURES) {
      path.resets.push({
        addresseeId: transfer.announcerId,
        ownId: transfer.id,
        notifySeq: NO_NOTIFY_SEQ,
        code: ResetCode.Integrity,
      });
      this.fail(path, transfer, Status.IntegrityFailed);
      return;
    }
    transfer.received.clear();
    transfer.nextPull = 0;
    this.#context.pulls.want(path.sender, 1);
    path.pullQueue.push(transfer.priority, transfer.id.lo);
    this.#context.pulling.add(path);
  }

  #deliver(path: Path, transfer: PulledTransfer, bytes: Uint8Array): void {
    transfer.state = "delivered";
    transfer.timer = this.#context.disarm(transfer.timer);
    this.#context.events.push({
      kind: "transferDelivered",
      path: path.id,
      transfer: id64(transfer.id.hi, transfer.id.lo),
      bytes,
    });
  }

  #finish(path: Path, transfer: PulledTransfer, status: number): void {
    const worker = path.knownWorker(transfer.worker);
    const { transfers, pulls } = this.#context;
    if (transfer.state === "challenged") this.#uncountChallenge(transfer);
    if (transfer.state === "pulling" && transfer.inline === undefined) {
      if (transfer.nextPull < transfer.wireBytes) pulls.want(path.sender, -1);
    }
    transfer.timer = this.#context.disarm(transfer.timer);
    this.#loop.cancel(path, transfer);
    transfer.state = "delivered";
    transfer.bytes = undefined;
    this.#credit.finished(path, transfer);
    worker?.live.delete(transfer.notifySeq);
    const tombstone: Tombstone = {
      path: path.id,
      announcerId: transfer.announcerId,
      pullerId: transfer.id,
      status,
      pulled: transfer.inline === undefined,
    };
    transfers.replace(transfer.id, { role: "tombstone", tombstone });
    worker?.tombstones.add(transfer.notifySeq, tombstone);
    if (worker !== undefined) this.#offers.markOffered(path, worker, transfer.notifySeq);
    this.#context.end(path);
  }

  #answer(path: Path, announcerId: Id64, pullerId: Id64, status: number): void {
    path.accepts.push({ announcerId, pullerId, status });
  }

  #own(path: Path, id: Id64): PulledTransfer | undefined {
    const entry = this.#context.transfers.get(id);
    return entry?.role === "puller" && entry.transfer.path === path.id ? entry.transfer : undefined;
  }
}

// A doubtful announcement is answered only when it was proved.
function isAnswered(transfer: PulledTransfer): boolean {
  return transfer.state !== "challenged" && transfer.state !== "tentative";
}
