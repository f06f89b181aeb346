import { DwcpError } from "../../errors.js";
import type { Session } from "../../session/session.js";
import type { SessionEvent } from "../../session/session-events.js";
import type { ReceivingTransfer } from "../../transfer/receiving-transfer.js";
import type { ArrivedChunk } from "../../wire/chunk.js";
import type { OfferMessage } from "../../wire/transfer-messages.js";
import type { PayloadPool } from "../net/payload-pool.js";
import type { ObjectStore } from "../store/object-store.js";
import type { Part } from "../store/part.js";
import { roundOf } from "../../migration/round-offer.js";
import { ArrivingLeaves } from "./arriving-leaves.js";
import { digestTexts, LeafHasher, type LeafHashes } from "./leaf-hasher.js";
import { reasonOf, storeErrorOf } from "./refusal-reason.js";
import type { Received, ReceiveJobContext } from "./receive-job-context.js";
import { UnitDecoder } from "./unit-decoder.js";
import { UnitWriter } from "./unit-writer.js";
import type { WorkTally } from "./work-tally.js";

/** How much may be written before it is made durable. spec/dwcp.md B4 */
const SYNC_BYTES = 67_108_864;
/** How long something may be written before it is made durable. spec/dwcp.md B4 */
const SYNC_MS = 1_000;
/** Digests of one LEAVES: its JSON has to stay a control payload. */
const LEAVES_PER_MESSAGE = 512;

/** Takes one object from a peer: decodes and writes units, syncs, verifies, publishes. */
export class ReceiveJob {
  readonly #session: Session;
  readonly #store: ObjectStore;
  readonly #payloads: PayloadPool;
  readonly #offer: OfferMessage;
  readonly #part: Part;
  readonly #decoder: UnitDecoder;
  readonly #writer: UnitWriter;
  readonly #transfer: ReceivingTransfer;
  readonly #leaves: ArrivingLeaves;
  readonly #received: Received;
  readonly #work: WorkTally;
  readonly #stirred: () => void;
  readonly #ended: () => void;
  #unsynced: number[] = [];
  #timer: NodeJS.Timeout | undefined;
  #syncing: Promise<void> = Promise.resolve();
  #wrong: number[] = [];
  #here: LeafHashes | undefined;
  // The root of a machine that is here, and runs at the other side until that says otherwise.
  #awaited: string | undefined;
  #isOver = false;
  #ending: Promise<void> = Promise.resolve();

  /**
   * Accepts an offer.
   *
   * @throws DwcpError for an offer that this side refuses.
   */
  constructor(context: ReceiveJobContext) {
    this.#session = context.session;
    this.#store = context.store;
    this.#payloads = context.payloads;
    this.#offer = context.offer;
    this.#received = context.received;
    this.#work = context.work;
    this.#stirred = context.stirred;
    this.#ended = context.ended;
    const { offer, session } = context;
    this.#part = context.store.part(offer);
    this.#decoder = new UnitDecoder(context, this.#part, session.options.limits);
    const slots = this.#decoder.slots;
    this.#transfer = session.incoming.accept(offer, this.#part.held, slots);
    this.#writer = new UnitWriter(this.#part, this.#transfer.stored, context.platform);
    this.#leaves = this.#leavesOf(context);
    for (const [start, length] of this.#part.held) this.#leaves.note(start, start + length);
  }

  /** What the session calls the transfer. */
  get handle(): number {
    return this.#transfer.handle;
  }

  /** What the sender calls it. */
  get transferId(): string {
    return this.#offer.transferId;
  }

  /** Takes news of the session about this transfer. */
  obey(event: SessionEvent, nowUs: () => number): void {
    // Units that were under way when it stopped still come out of the session.
    if (this.#isOver) return;
    switch (event.kind) {
      case "unitArrived":
        void this.#take(event.chunk, nowUs);
        break;
      case "finished":
        void this.#verify(event.rootHash);
        break;
      case "leavesGiven":
        this.#compare(event.first, event.digests);
        break;
      case "failed":
        void this.close();
        break;
      case "cancelled":
        this.#discard();
        break;
      default:
        break;
    }
  }

  /** The sender's machine stands still for good: the one that arrived may go on. Harmless the second time. spec/dwcp.md B15 */
  switchOver(): void {
    const root = this.#awaited;
    if (root === undefined || this.#isOver) return;
    this.#awaited = undefined;
    this.#commit(root).then(this.#stirred, (error: unknown) => {
      this.#broken(error);
      this.#stirred();
    });
  }

  /** Stops, and waits for its files; what is durable stays for another session or process. Harmless the second time. */
  close(): Promise<void> {
    if (!this.#isOver) {
      // What is written may as well be durable: then it need not come again.
      this.#sync();
      void this.#end(() => undefined);
    }
    return this.#ending;
  }

  // FIN came, and with it the length.
  get #rawLength(): number {
    return this.#transfer.rawLength ?? 0;
  }

  #leavesOf({ offer, platform, pool, verification }: ReceiveJobContext): ArrivingLeaves {
    const { leafBytes } = offer;
    const { path, length } = this.#part;
    const elsewhere = { pool, spec: { kind: "file", path, length } as const };
    const hasher = new LeafHasher({ source: this.#part, leafBytes, platform, elsewhere });
    return new ArrivingLeaves(hasher, leafBytes, this.#transfer.stored, verification);
  }

  #discard(): void {
    if (!this.#isOver) void this.#end(() => this.#part.discard());
  }

  async #take(chunk: ArrivedChunk, nowUs: () => number): Promise<void> {
    try {
      const raw = await this.#decoder.decode(chunk);
      if (this.#isOver) return;
      await this.#writer.write(chunk, raw, () => {
        if (!this.#isOver) this.#written(chunk, nowUs());
      });
    } catch (error) {
      if (!this.#isOver) this.#refuse(chunk.unitId, error);
    } finally {
      this.#payloads.give(chunk.encoded);
    }
    this.#stirred();
  }

  #written({ unitId, rawOffset, rawBytes }: ArrivedChunk, nowUs: number): void {
    this.#work.decodedUnit();
    this.#session.incoming.stored(nowUs, this.handle, { unitId, rawOffset, rawBytes });
    this.#leaves.note(rawOffset, rawOffset + rawBytes);
    // FIN comes when the sender has hashed as well: both may do so at the same time.
    if (this.#transfer.isComplete) this.#leaves.release();
    this.#unsynced.push(unitId);
    if (this.#part.unsyncedBytes >= SYNC_BYTES) this.#sync();
    else this.#timer ??= setTimeout(() => this.#sync(), SYNC_MS);
  }

  #refuse(unitId: number, error: unknown): void {
    if (!(error instanceof DwcpError)) {
      this.#broken(error);
      return;
    }
    const reason = reasonOf(error);
    if (reason === "CRC" || reason === "DECODE") this.#work.foundWrong("unit");
    if (reason !== undefined) this.#session.incoming.refused(this.handle, unitId, reason);
    else this.#session.incoming.fail(this.#transfer, error);
  }

  #sync(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const ids = this.#unsynced;
    this.#unsynced = [];
    this.#syncing = this.#syncing.then(async () => {
      await this.#part.sync();
      this.#session.incoming.durable(this.handle, ids);
      this.#stirred();
    });
    this.#syncing.catch((error: unknown) => this.#broken(error));
  }

  async #verify(rootHash: string): Promise<void> {
    try {
      this.#here = await this.#leaves.finish(this.#rawLength);
      if (this.#isOver) return;
      if (this.#here.root !== rootHash) this.#ask(0);
      else await this.#agree(rootHash);
    } catch (error) {
      // Whoever closed it meanwhile does not wait for an answer.
      const wasClosed = error instanceof DwcpError && error.code === "dwcp.shutdown";
      if (!(this.#isOver && wasClosed)) this.#broken(error);
    }
    this.#stirred();
  }

  async #agree(rootHash: string): Promise<void> {
    this.#session.incoming.verified(this.#transfer, rootHash);
    this.#stirred();
    if (roundOf(this.#offer)?.isLast === true) this.#awaited = rootHash;
    else await this.#commit(rootHash);
  }

  async #commit(rootHash: string): Promise<void> {
    const object = await this.#end(async () => {
      await this.#syncing;
      return this.#store.commit(this.#part, this.#offer, this.#rawLength, rootHash);
    });
    // The sender hears of it when whoever uses the object has it.
    await this.#received(object, roundOf(this.#offer));
    this.#session.incoming.commit(this.#transfer, rootHash);
  }

  #ask(first: number): void {
    if (first === 0) this.#wrong = [];
    const leaves = Math.ceil(this.#rawLength / this.#offer.leafBytes);
    const count = Math.min(LEAVES_PER_MESSAGE, leaves - first);
    this.#session.incoming.askLeaves(this.#transfer, first, count);
  }

  #compare(first: number, digests: readonly string[]): void {
    if (this.#here === undefined || digests.length === 0) return;
    const here = digestTexts(this.#here, first, digests.length);
    for (const [i, digest] of digests.entries()) {
      if (digest !== here[i]) this.#wrong.push(first + i);
    }
    const next = first + digests.length;
    if (next * this.#offer.leafBytes < this.#rawLength) {
      this.#ask(next);
      return;
    }
    this.#work.foundWrong("leaf");
    const wrong = this.#wrong.slice(0, this.#session.options.limits.maxIntervals);
    this.#leaves.forget(wrong);
    this.#session.incoming.repair(this.#transfer, wrong);
    if (this.#transfer.state === "failed") this.#setAside();
  }

  #setAside(): void {
    if (this.#isOver) return;
    const { transferId } = this.#offer;
    void this.#end(() => this.#store.keepForAnalysis(this.#part, transferId));
  }

  // `last` is what becomes of the files, once nothing is under way to them.
  #end<T>(last: () => T | Promise<T>): Promise<T> {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#decoder.close();
    this.#leaves.close();
    const done = this.#syncing
      .catch(() => undefined)
      .then(() => this.#part.stop())
      .then(last);
    const closed = (): void => {
      this.#part.close();
      this.#ended();
    };
    this.#ending = done.then(closed, closed);
    return done;
  }

  #broken(cause: unknown): void {
    this.#session.incoming.fail(this.#transfer, storeErrorOf(cause));
  }
}
