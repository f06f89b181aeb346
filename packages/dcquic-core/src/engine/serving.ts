import type { AnnouncedTransfer } from "../transfer/announced-transfer.js";
import type { ServeJob } from "../transfer/serve-progress.js";
import { id64 } from "../wire/id64.js";
import type { RangeList } from "../wire/ranges.js";
import type { PullRequest } from "../wire/transfer-frames.js";
import { type EngineContext, TimerKind } from "./context.js";
import type { Path } from "./path.js";

// Pieces of one transfer that wait to be sent. A puller whose window is larger than so many pulls asks for the rest again.
const MAX_JOBS = 1024;
// Never written to.
const NO_JOBS: ServeJob[] = [];

/**
 * What pullers asked for and was not sent yet: ranges become jobs, and a transfer with jobs waits for its turn.
 *
 * @see spec/dcquic.md §9.3, §9.7, §9.8
 */
export class Serving {
  readonly #context: EngineContext;

  /** Works on what `context` holds. */
  constructor(context: EngineContext) {
    this.#context = context;
  }

  /** Takes the ranges of a PULL_REQUEST, which must lie inside the transfer. */
  request(path: Path, transfer: AnnouncedTransfer, frame: PullRequest): void {
    const { ranges } = frame;
    const before = path.servingBytes;
    path.wish.rate = frame.rate;
    const waiting = transfer.progress.jobs.toSorted((a, b) => a.next - b.next);
    for (let i = 0; i < ranges.count; i++) {
      const range = { next: ranges.start(i), end: ranges.end(i) };
      addJobs(path, transfer, frame.pullSeq, range, waiting);
    }
    this.#hold(path, frame, before);
    transfer.timer = this.#context.disarm(transfer.timer);
    this.queue(path, transfer);
  }

  /** Obeys a CANCEL_PULL: of `ranges`, or of everything when there are none. */
  withdraw(path: Path, transfer: AnnouncedTransfer, ranges: RangeList): void {
    if (ranges.count === 0) this.drop(path, transfer);
    for (let i = 0; i < ranges.count; i++) {
      const [start, end] = [ranges.start(i), ranges.end(i)];
      keepJobs(path, transfer, (job) => job.next < start || job.end > end);
    }
  }

  /** Forgets everything that was asked for. */
  drop(path: Path, transfer: AnnouncedTransfer): void {
    keepJobs(path, transfer, () => false);
  }

  /** Has the transfer wait for its turn to send. */
  queue(path: Path, transfer: AnnouncedTransfer): void {
    const { progress } = transfer;
    if (progress.isQueued) return;
    progress.isQueued = true;
    path.serveQueue.push(transfer.priority, transfer.id.lo);
    this.#context.serving.add(path);
  }

  /** Notes that all that was asked for is on the wire: RANGE_ACK is awaited. */
  served(nowUs: number, path: Path, transfer: AnnouncedTransfer): void {
    transfer.sentUs = nowUs;
    const deadline = nowUs + path.rtt.backedOffPtoUs;
    const { timer, id } = transfer;
    transfer.timer = this.#context.arm(timer, deadline, TimerKind.Announcer, id.lo);
  }

  // Tells a puller whose bytes will wait behind others for longer than a round trip, so that it does not take waiting for loss.
  // How long its own bytes take it knows. D-7
  #hold(path: Path, frame: PullRequest, bytesBefore: number): void {
    const { bbr, pacingRate } = path.congestion;
    const { srttUs } = path.rtt;
    const windowRate = (bbr.windowBytes / srttUs) * 1e6;
    const rate = Math.min(pacingRate, windowRate, this.#context.nic.rate);
    const delayUs = Math.floor((bytesBefore / rate) * 1e6);
    if (delayUs <= srttUs) return;
    const pullerId = id64(frame.pullerId.hi, frame.pullerId.lo);
    path.outbox.holds.push({ pullerId, pullSeq: frame.pullSeq, delayUs });
  }
}

// What is waiting to be sent already is not sent twice because its puller became impatient.
function addJobs(
  path: Path,
  transfer: AnnouncedTransfer,
  pullSeq: number,
  range: { readonly next: number; readonly end: number },
  waiting: readonly ServeJob[],
): void {
  const { end } = range;
  const { jobs } = transfer.progress;
  let { next } = range;
  for (const job of [...waiting, { next: end, end }]) {
    if (job.end <= next) continue;
    const until = Math.min(job.next, end);
    if (until > next) {
      if (jobs.length >= MAX_JOBS) return;
      jobs.push({ pullSeq, next, end: until });
      path.servingBytes += until - next;
    }
    next = Math.max(next, job.end);
    if (next >= end) return;
  }
}

function keepJobs(path: Path, transfer: AnnouncedTransfer, keep: (job: ServeJob) => boolean): void {
  const jobs = transfer.begun?.jobs ?? NO_JOBS;
  if (jobs.length === 0) return;
  for (const job of jobs) if (!keep(job)) path.servingBytes -= job.end - job.next;
  const kept = jobs.filter(keep);
  jobs.splice(0, jobs.length, ...kept);
}
