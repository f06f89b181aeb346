import { id64 } from "../wire/id64.js";
import { RMA_REGION_BYTES } from "../rma/rma-port.js";
import { PRIORITIES } from "../sched/priority-queue.js";
import type { PulledTransfer } from "../transfer/pulled-transfer.js";
import type { Pull } from "../transfer/pull-progress.js";
import type { Chunk } from "../wire/chunk.js";
import { ChunkFlag } from "../wire/constants.js";
import { NO_TIMER } from "../sched/timing-wheel.js";
import { type EngineContext, TimerKind } from "./context.js";
import type { Path } from "./path.js";

const REORDER_PACKETS = 3;
// A provider says that a read failed; this is for one that says nothing.
const READ_PATIENCE_US = 200_000;
const OVERTAKEN_PULLS = 2;

/**
 * Asks for bytes: which transfer is next, what is on the way, and what has to be asked for again.
 *
 * @see spec/dcquic.md §12, §13
 */
export class PullLoop {
  readonly #context: EngineContext;

  /** Works on what `context` holds. */
  constructor(context: EngineContext) {
    this.#context = context;
  }

  /** Issues pulls while window and bucket allow: over all paths by turns, within a path by priority. */
  issue(nowUs: number): void {
    const { pulling, pulls } = this.#context;
    let idle = 0;
    for (const path of pulling) {
      if (idle >= pulling.size || nowUs < pulls.nextFreeUs) return;
      if (path.pullQueue.occupied === 0) {
        pulling.delete(path);
        continue;
      }
      if (pulling.size === 1) {
        while (nowUs >= pulls.nextFreeUs && this.#once(nowUs, path));
        return;
      }
      // Whoever had a turn goes to the end.
      pulling.delete(path);
      idle = this.#once(nowUs, path) ? 0 : idle + 1;
      pulling.add(path);
    }
  }

  /** Notes that a pull is on the wire. */
  sent(nowUs: number, path: Path, transfer: PulledTransfer, pull: Pull, packet: number): void {
    const serialisedUs = ((pull.end - pull.start) / this.#context.config.nicBytesPerSecond) * 1e6;
    const queuedUs = (path.sender.outstanding / this.#context.config.nicBytesPerSecond) * 1e6;
    pull.sentUs = nowUs;
    pull.sentInPacket = packet;
    pull.attempts += 1;
    pull.answered = false;
    pull.overtaken = 0;
    pull.alone = transfer.pulls.every((other) => other === pull || other.sentUs < 0);
    pull.dueUs = nowUs + path.rtt.backedOffPtoUs + serialisedUs + queuedUs;
    path.inflightPulls.delete(pull);
    path.inflightPulls.set(pull, transfer);
    this.arm(transfer);
  }

  /** Whether the sender serves earlier pulls: then a later one without an answer is not missed yet. */
  isBusy(nowUs: number, path: Path, transfer: PulledTransfer): boolean {
    const due = transfer.pulls.filter((pull) => pull.sentUs >= 0 && pull.dueUs <= nowUs);
    const quietUs = path.dataUs + path.rtt.ptoUs;
    if (due.length === 0 || nowUs >= quietUs || due.some(({ answered }) => answered)) return false;
    for (const pull of due) pull.dueUs = quietUs;
    this.arm(transfer);
    return true;
  }

  /**
   * Notes DATA of a pull. It tells that older pulls without any DATA, and older gaps of the same sender, are lost. §13.2
   */
  answered(nowUs: number, path: Path, transfer: PulledTransfer, chunk: Chunk): void {
    const pull = transfer.pulls.find(({ seq }) => seq === chunk.pullSeq);
    path.dataUs = nowUs;
    if (pull === undefined || pull.sentUs < 0) return;
    // What arrived makes room for more before the rest of the pull did.
    const arrived = Math.min(pull.left, chunk.length);
    pull.left -= arrived;
    this.#context.pulls.settled(path.sender, arrived);
    const { srttUs, ptoUs } = path.rtt;
    const reorderedUs = nowUs + srttUs / 8 + 2 * this.#context.config.nicSlackUs;
    // Whatever is missing after the last chunk is lost or overtaken: wait for the latter only.
    if ((chunk.flags & ChunkFlag.LastOfPull) === 0)
      pull.dueUs = Math.max(pull.dueUs, nowUs + 2 * ptoUs);
    else pull.dueUs = Math.min(pull.dueUs, reorderedUs);
    if (pull.answered) return;
    pull.answered = true;
    for (const [older, owner] of path.inflightPulls) {
      if (older.sentInPacket >= pull.sentInPacket - REORDER_PACKETS) return;
      if (older.sentUs > pull.sentUs - srttUs / 8 || owner.priority > transfer.priority) continue;
      older.overtaken += 1;
      // A sender turns from transfer to transfer: only within one, and at its first pull, order is sure.
      const isOrdered = owner === transfer || older.alone;
      if (!older.answered && isOrdered && nowUs - older.sentUs >= srttUs) {
        this.#context.counters.pullsRepeatedFast += 1;
        this.repull(path, owner, older);
      } else if (older.answered && older.overtaken >= OVERTAKEN_PULLS) {
        older.dueUs = Math.min(older.dueUs, reorderedUs);
        this.arm(owner);
      }
    }
  }

  /** Settles pulls that are fully answered, and says whether there were any. */
  settle(path: Path, transfer: PulledTransfer): boolean {
    const { pulls, received } = transfer.progress;
    const before = pulls.length;
    for (let i = 0; i < pulls.length;) {
      const pull = pulls[i];
      if (pull === undefined || !received.covers(pull.start, pull.end)) {
        i += 1;
        continue;
      }
      pulls.splice(i, 1);
      path.inflightPulls.delete(pull);
      this.#context.pulls.settled(path.sender, pull.left);
    }
    return pulls.length < before;
  }

  /** Sets the transfer's timer to the first of its pulls that falls due. */
  arm(transfer: PulledTransfer): void {
    let due = Number.POSITIVE_INFINITY;
    for (const pull of transfer.pulls) if (pull.sentUs >= 0) due = Math.min(due, pull.dueUs);
    if (due === Number.POSITIVE_INFINITY) return this.disarm(transfer);
    const { id, progress } = transfer;
    // Every chunk puts the deadline off: a timer that fires early is cheaper than one that is set anew each time.
    if (progress.timer !== NO_TIMER && progress.timerUs <= due) return;
    progress.timerUs = due;
    progress.timer = this.#context.arm(progress.timer, due, TimerKind.Puller, id.lo);
  }

  /** Stops the transfer's timer, if it is set. */
  disarm({ begun }: PulledTransfer): void {
    if (begun !== undefined) begun.timer = this.#context.disarm(begun.timer);
  }

  /** Whether the transfer's timer fired before any of its pulls is due; it is set again then. */
  firedEarly(nowUs: number, transfer: PulledTransfer): boolean {
    if (transfer.state !== "pulling") return false;
    if (transfer.pulls.some(({ sentUs, dueUs }) => sentUs >= 0 && dueUs <= nowUs)) return false;
    this.arm(transfer);
    return true;
  }

  /** Makes a pull of a transfer; it is not sent yet. */
  add(transfer: PulledTransfer, start: number, end: number): Pull {
    const { progress } = transfer;
    const pull: Pull = {
      seq: progress.pullSeq++,
      start,
      end,
      left: end - start,
      sentUs: -1,
      sentInPacket: -1,
      dueUs: Number.POSITIVE_INFINITY,
      attempts: 0,
      answered: false,
      alone: true,
      overtaken: 0,
    };
    progress.pulls.push(pull);
    return pull;
  }

  /** Asks for bytes again that did not verify: they were here, so no window counts them. */
  pullAgain(nowUs: number, path: Path, transfer: PulledTransfer, start: number, end: number): void {
    this.#context.pulls.pulled(nowUs, path.sender, end - start, path.mtu.bytes);
    this.repull(path, transfer, this.add(transfer, start, end));
  }

  /** Lets a transfer go on that waited until its placed parts were used. */
  resume(path: Path, transfer: PulledTransfer): void {
    const { progress } = transfer;
    if (!progress.isStalled || transfer.pullRoom <= 0) return;
    progress.isStalled = false;
    this.enqueue(path, transfer);
  }

  /** Has a transfer wait for its turn to ask. */
  enqueue(path: Path, transfer: PulledTransfer): void {
    this.#context.pulls.want(path.sender, 1);
    path.pullQueue.push(transfer.priority, transfer.id.lo);
    this.#context.pulling.add(path);
  }

  /** Has a pull sent again. */
  repull(path: Path, transfer: PulledTransfer, pull: Pull): void {
    pull.sentUs = -1;
    path.inflightPulls.delete(pull);
    path.outbox.repulls.push({ transfer, pull });
    this.#context.dirty.add(path);
  }

  /** Forgets the pulls of a transfer, and its timer: nothing of them is outstanding any more. */
  cancel(path: Path, transfer: PulledTransfer): void {
    const { begun } = transfer;
    if (begun === undefined) return;
    this.disarm(transfer);
    for (const pull of begun.pulls) {
      path.inflightPulls.delete(pull);
      this.#context.pulls.settled(path.sender, pull.left);
    }
    if (begun.pulls.length > 0) begun.pulls = [];
  }

  #once(nowUs: number, path: Path): boolean {
    const { pulls, transfers } = this.#context;
    const { pullQueue, pullScheduler, sender } = path;
    const level = pullScheduler.select(pullQueue.occupied);
    if (level < 0 || level >= PRIORITIES) return false;
    const entry = transfers.at(pullQueue.peek(level));
    const isOfPath = entry?.role === "puller" && entry.path === path.id;
    if (!isOfPath || entry.state !== "pulling") {
      pullQueue.shift(level);
      return true;
    }
    const transfer = entry;
    // What is here already, because another path brought it, is not asked for again.
    const { progress } = transfer;
    progress.nextPull = progress.received.firstGap(progress.nextPull);
    const left = transfer.pullRoom;
    if (left <= 0) {
      pullQueue.shift(level);
      pulls.want(sender, -1);
      progress.isStalled = progress.nextPull < transfer.wireBytes;
      return true;
    }
    const allowance = pulls.allowance(nowUs, sender, path.rtt.srttUs, {
      bytes: left,
      datagramBytes: path.mtu.bytes,
      isAlone: this.#isAlone(path, transfer, level),
    });
    if (allowance === 0) return false;
    const occupied = pullQueue.occupied;
    pullQueue.shift(level);
    const start = progress.nextPull;
    const end = start + allowance;
    const pull = this.add(transfer, start, end);
    pulls.pulled(nowUs, sender, end - start, path.mtu.bytes);
    pullScheduler.charge(level, end - start, occupied);
    if (!this.#read(nowUs, path, transfer, pull)) {
      path.outbox.pulls.push({ transfer, pull });
      this.#context.dirty.add(path);
    }
    progress.nextPull = end;
    if (end < transfer.wireBytes) pullQueue.push(level, transfer.id.lo);
    else pulls.want(sender, -1);
    return true;
  }

  // Whether it would be asked for next again. Reads are as long as regions allow.
  #isAlone({ pullQueue }: Path, { source }: PulledTransfer, level: number): boolean {
    if (this.#context.pulling.size > 1 || source.rmaKeys.length > 0) return false;
    return pullQueue.occupied === 1 << level && pullQueue.depth(level) === 1;
  }

  // Out of the announcer's memory instead of by DATA, where its buffer is open and the pull lies in one region. §16.3
  #read(nowUs: number, path: Path, transfer: PulledTransfer, pull: Pull): boolean {
    const { rma } = this.#context;
    const { rmaKeys, wireOffset } = transfer.source;
    if (rma === undefined || rmaKeys.length === 0) return false;
    const from = wireOffset + pull.start;
    const region = Math.floor(from / RMA_REGION_BYTES);
    const key = rmaKeys[region];
    const length = pull.end - pull.start;
    const regionOffset = from - region * RMA_REGION_BYTES;
    if (key === undefined || regionOffset + length > RMA_REGION_BYTES) return false;
    const started = rma.read(nowUs, path, {
      path: path.id,
      transfer: id64(transfer.id.hi, transfer.id.lo),
      pullSeq: pull.seq,
      wireOffset: pull.start,
      length,
      regionOffset,
      key,
    });
    if (!started) return false;
    pull.sentUs = nowUs;
    pull.attempts += 1;
    pull.dueUs = nowUs + READ_PATIENCE_US + path.rtt.ptoUs;
    this.arm(transfer);
    return true;
  }
}
