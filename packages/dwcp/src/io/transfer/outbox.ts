import { randomBytes } from "node:crypto";
import { isWireError } from "@proj/wire-types";
import type { DictionaryBook } from "../../dictionary/dictionary-book.js";
import { DwcpError } from "../../errors.js";
import { anchorSlots } from "../../hde/anchor-index.js";
import { LEAF_BYTES } from "../../hde/content-id.js";
import type { OfferMessage } from "../../wire/transfer-messages.js";
import { LoadGauge } from "../load-gauge.js";
import type { NodeContext } from "../net/node-context.js";
import type { PeerLink } from "../net/peer-link.js";
import type { HdePool } from "../workers/hde-pool.js";
import { AnchorTables } from "./anchor-tables.js";
import { type ClassTrainer, MAX_SAMPLE_OBJECT_BYTES } from "./class-trainer.js";
import type { SendBaseline, SendDictionary } from "./extent-encoder.js";
import { hashLeaves } from "./leaf-hasher.js";
import { type SendResult } from "./send-job-options.js";
import { largestEncoded, SendJob } from "./send-job.js";
import type { SendOrder, SendRequest } from "./send-request.js";
import { openSendSource, type SendSource } from "./send-source.js";
import type { SentStates } from "./sent-states.js";
import type { WorkTally } from "./work-tally.js";

/** What all sends of a node share. */
export interface OutboxContext {
  readonly context: NodeContext;
  readonly pool: HdePool;
  readonly book: DictionaryBook;
  /** Without it nothing is kept to send the next state against. */
  readonly states: SentStates | undefined;
  readonly trainer: ClassTrainer;
  readonly work: WorkTally;
  readonly cpuCeiling: number;
}

const PAGE_BYTES = 4_096;
const DEFAULT_LEVEL = 3;
// Slot 0 is none. spec/dwcp.md B5
const DICTIONARY_SLOT = 1;

interface Opened {
  readonly object: SendSource;
  readonly baselines: SendBaseline[];
  readonly dictionary: SendDictionary | undefined;
  readonly close: (() => void)[];
}

/** Sends objects: with what the peer may have, and keeps what it has then. */
export class Outbox {
  readonly #shared: OutboxContext;
  readonly #load = new LoadGauge();
  readonly #tables: AnchorTables;
  readonly #running = new Map<string, { readonly job: SendJob; readonly link: PeerLink }>();

  constructor(shared: OutboxContext) {
    this.#shared = shared;
    this.#tables = new AnchorTables(shared.pool);
  }

  /** Sends an object over a link and waits until it is committed. */
  async send(link: PeerLink, request: SendOrder): Promise<SendResult> {
    request.signal?.throwIfAborted();
    this.#shared.pool.warm();
    const close: (() => void)[] = [];
    try {
      const object = openSendSource(request.from);
      close.push(() => object.close());
      const opened: Opened = {
        object,
        baselines: [],
        dictionary: this.#dictionaryFor(link, request, close),
        close,
      };
      await this.#openBaselines(link, request, opened);
      const result = await this.#run(link, request, opened);
      // The rounds of a migration follow each other too fast to be kept.
      if (request.transferKind !== "live") await this.#keep(link, request, opened, result);
      return result;
    } finally {
      for (const each of close) each();
    }
  }

  /** Holds a transfer or lets it go on; `false` when none of that id is under way. */
  steer(transferId: string, verb: "pause" | "continue"): boolean {
    const running = this.#running.get(transferId);
    if (running === undefined) return false;
    const { job, link } = running;
    if (verb === "pause") job.hold(link.session);
    else job.goOn(link.session);
    link.stir();
    return true;
  }

  /** Whether a transfer is held, by its owner or by a peer that has no room. */
  isPaused(transferId: string): boolean {
    return this.#running.get(transferId)?.job.isPaused === true;
  }

  /** Stops what measures. */
  close(): void {
    this.#load.close();
  }

  #run(link: PeerLink, request: SendOrder, opened: Opened): Promise<SendResult> {
    const { pool, cpuCeiling, context, work } = this.#shared;
    const { platform, limits, tuning } = context;
    const { object, baselines, dictionary } = opened;
    return new Promise((resolve, reject) => {
      const { signal, progress } = request;
      const job: SendJob = new SendJob({
        offer: offerOf(request, opened),
        object,
        baselines,
        dictionary,
        platform,
        pool,
        load: this.#load,
        work,
        adaptive: request.adaptive ?? request.level === undefined,
        cpuCeiling,
        sendAheadUnits: request.sendAheadUnits,
        verification: context.verification,
        minShare: request.minShare,
        verified: request.verified,
        settings: {
          platform,
          level: request.level ?? DEFAULT_LEVEL,
          minRatio: request.minRatio,
          pageBytes: PAGE_BYTES,
          chunkBytes: tuning.chunkBytes,
          maxUnitRawBytes: limits.maxUnitRawBytes,
          maxEncodedBytes: largestEncoded(limits.maxFrameBytes),
          ...(request.algorithm === undefined ? {} : { algorithm: request.algorithm }),
        },
        failed: (error) => {
          if (link.session === undefined) job.fail(error);
          else link.session.outgoing.fail(job.transfer, error);
          link.stir();
        },
        stirred: () => link.stir(),
        ended: () => {
          if (job.transfer.end()) link.session?.outgoing.arrived(job.transfer);
          link.stir();
        },
        progress: (arrived, wire) => progress?.(arrived, object.source.length, wire),
        settled: (result) => {
          signal?.removeEventListener("abort", abort);
          link.forget(job);
          this.#running.delete(job.transfer.offer.transferId);
          if (isWireError(result)) reject(result);
          else resolve(result);
        },
      });
      const abort = () => {
        const why: unknown = signal?.reason;
        const outgoing = link.session?.outgoing;
        // Who shuts down comes back: what has arrived stays at the peer.
        const isShutdown = isWireError(why) && why.code === "dwcp.shutdown";
        if (isShutdown) outgoing?.release(job.transfer);
        else outgoing?.steer(job.transfer, { kind: "CANCEL", reason: "aborted" });
        link.stir();
        job.fail(
          isShutdown
            ? new DwcpError("dwcp.shutdown", why.message)
            : new DwcpError("dwcp.cancelled", "the transfer was aborted"),
        );
      };
      signal?.addEventListener("abort", abort, { once: true });
      this.#running.set(job.transfer.offer.transferId, { job, link });
      link.send(job);
    });
  }

  async #openBaselines(link: PeerLink, request: SendOrder, opened: Opened): Promise<void> {
    if (request.algorithm === "none") return;
    if (request.previous !== undefined) {
      const { path, id } = request.previous;
      const source = openSendSource(path);
      opened.close.push(() => source.close());
      opened.baselines.push({ ...source, id, slot: 0, slots: anchorSlots(source.source.length) });
      return;
    }
    const { states, context, pool } = this.#shared;
    const { platform } = context;
    const found: (SendSource & { readonly id: string })[] = [];
    for (const from of request.baselines ?? []) {
      const source = openSendSource(from);
      opened.close.push(() => source.close());
      const elsewhere = { pool, spec: source.spec };
      const hashed = { source: source.source, leafBytes: LEAF_BYTES, platform, elsewhere };
      const { root } = await hashLeaves(hashed, request.signal);
      found.push({ ...source, id: root });
    }
    const kept = await states?.openFor(peerOf(link), request.key, request.signal);
    if (kept !== undefined) {
      opened.close.push(() => kept.close());
      if (found.every(({ id }) => id !== kept.id)) found.push(kept);
    }
    for (const [slot, each] of found.entries()) {
      opened.baselines.push({ ...each, slot, slots: await this.#tables.of(each.id, each.spec) });
    }
  }

  #dictionaryFor(
    link: PeerLink,
    { resourceClass }: SendRequest,
    close: (() => void)[],
  ): SendDictionary | undefined {
    if (resourceClass === undefined) return undefined;
    const { book } = this.#shared;
    const found = book.usableFor(peerOf(link), resourceClass);
    if (found === undefined) return undefined;
    const release = book.use(found.id);
    if (release !== undefined) close.push(release);
    return { slot: DICTIONARY_SLOT, ...found };
  }

  // The peer has it: the next state can be sent against it, and the next object of its class be smaller.
  async #keep(
    link: PeerLink,
    { key, generation = 0, resourceClass }: SendRequest,
    { object }: Opened,
    { rootHash, baselineId }: SendResult,
  ): Promise<void> {
    const { trainer, states } = this.#shared;
    const { source } = object;
    if (resourceClass !== undefined && source.length <= MAX_SAMPLE_OBJECT_BYTES) {
      trainer.offer(resourceClass, source.read(0, source.length));
    }
    const baseId =
      baselineId !== undefined && states?.has(baselineId) === true ? baselineId : undefined;
    const state = { id: rootHash, peer: peerOf(link), key, generation, baseId };
    try {
      await states?.keep(state, source, () => object.check());
    } catch (error) {
      // The object is safe at the peer; what cannot be kept costs the next transfer, not this one.
      if (error instanceof TypeError) throw error;
    }
  }
}

function peerOf(link: PeerLink): string {
  return link.session?.options.identity.peerNodeId ?? "";
}

function offerOf(request: SendOrder, { object, baselines, dictionary }: Opened): OfferMessage {
  return {
    kind: "OFFER",
    transferId: request.transferId ?? randomBytes(16).toString("hex"),
    objectKey: request.key,
    generation: request.generation ?? 0,
    rawLength: object.spool === undefined ? object.source.length : -1,
    pageBytes: PAGE_BYTES,
    leafBytes: LEAF_BYTES,
    hash: "sha-256",
    baselines: baselines.map(({ slot, id, source }) => ({ slot, id, length: source.length })),
    dictionaries: dictionary === undefined ? [] : [{ slot: dictionary.slot, id: dictionary.id }],
    transferKind: request.transferKind ?? "blob",
    priority: request.priority ?? 0,
    metadata: request.metadata ?? {},
  };
}
