import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { isWireError } from "@proj/wire-types";
import { DwcpError } from "../../errors.js";
import type { MigrationSource } from "../../migration/migration-source.js";
import { allPages, countPages } from "../../migration/page-bitmap.js";
import {
  type MigrationGoal,
  RoundController,
  type RoundMeasure,
} from "../../migration/round-controller.js";
import { roundMetadata } from "../../migration/round-offer.js";
import type { MigrationMessage } from "../../session/session-events.js";
import { nowUs } from "../net/node-context.js";
import type { SendOrder, SendRequest } from "../transfer/send-request.js";
import type { SendResult } from "../transfer/send-job-options.js";
import { RoundCopies } from "./round-copies.js";

/** Something that is to be moved while it runs. */
export interface MigrationRequest extends Pick<
  SendRequest,
  | "key"
  | "level"
  | "adaptive"
  | "algorithm"
  | "minRatio"
  | "sendAheadUnits"
  | "priority"
  | "baselines"
  | "signal"
> {
  /** What is moved. */
  readonly source: MigrationSource;
  /** Of the first round; every round has the next one. The time in milliseconds when absent. */
  readonly generation?: number;
  /** 300 ms, 30 rounds, and stopping when it does not converge, where nothing else is said. */
  readonly goal?: Partial<MigrationGoal>;
  /** Part of the session's bytes that it gets at least, 0 to 1; 0.1 when absent. */
  readonly minShare?: number;
  /** Where two copies of the source find room; the system's folder for such things when absent. */
  readonly folder?: string;
  /** Hears of every round that is committed. */
  readonly progress?: (round: MigrationRound) => void;
}

/** A round that is committed. */
export interface MigrationRound extends RoundMeasure {
  /** 0 for the first one. */
  readonly round: number;
  /** Whether the source stood still. */
  readonly isLast: boolean;
  /** The content id of the whole state, in hexadecimal. */
  readonly rootHash: string;
}

/** What a migration came to. */
export interface MigrationResult {
  /** Every round, the first one first. */
  readonly rounds: readonly MigrationRound[];
  /** From the pause of the source until the receiver had committed it, in µs. */
  readonly downtimeUs: number;
  /** What was expected of it, in µs. */
  readonly predictedUs: number;
  /** The content id of what runs at the receiver, in hexadecimal. */
  readonly rootHash: string;
  /** Bytes of the source. */
  readonly rawBytes: number;
  /** Of all rounds. */
  readonly wireBytes: number;
}

/** How a migration speaks to its peer. */
export interface MigrationWay {
  readonly send: (order: SendOrder) => Promise<SendResult>;
  readonly say: (message: MigrationMessage) => void;
}

const GOAL: MigrationGoal = { downtimeMs: 300, maxRounds: 30, whenStuck: "stopAndCopy" };
const MIN_SHARE = 0.1;

/** Moves a source: rounds while it runs, and one while it stands still. @throws DwcpError */
export async function migrate(
  request: MigrationRequest,
  way: MigrationWay,
): Promise<MigrationResult> {
  request.signal?.throwIfAborted();
  const copies = await RoundCopies.open(request.folder ?? tmpdir(), request.source);
  try {
    return await new Migration(request, way, copies).run();
  } finally {
    await copies.close();
  }
}

/**
 * One migration.
 *
 * ```
 * round 0 ─▶ rounds of what is dirty ─▶ pause ─▶ last round ─VERIFIED─▶ SWITCHOVER ─COMMITTED─▶ moved
 * any error before SWITCHOVER ─▶ resume; any error after it ─▶ the source stays as it is
 * ```
 */
class Migration {
  readonly #request: MigrationRequest;
  readonly #way: MigrationWay;
  readonly #copies: RoundCopies;
  readonly #controller: RoundController;
  readonly #abort = new AbortController();
  readonly #rounds: MigrationRound[] = [];
  readonly #firstGeneration: number;
  #previous: { readonly path: string; readonly id: string } | undefined;
  #isPaused = false;
  #isThrottled = false;
  #switchedOver = false;

  constructor(request: MigrationRequest, way: MigrationWay, copies: RoundCopies) {
    this.#request = request;
    this.#way = way;
    this.#copies = copies;
    this.#controller = new RoundController({ ...GOAL, ...request.goal });
    this.#firstGeneration = request.generation ?? Date.now();
  }

  async run(): Promise<MigrationResult> {
    const { signal, source } = this.#request;
    // Once the peer may have it, nothing is taken back.
    const stop = (): void => {
      if (!this.#switchedOver) this.#abort.abort();
    };
    signal?.addEventListener("abort", stop, { once: true });
    try {
      await this.#copy(allPages(source.pageCount), "more");
      return await this.#converge();
    } catch (error) {
      throw await this.#undo(error);
    } finally {
      signal?.removeEventListener("abort", stop);
    }
  }

  async #converge(): Promise<MigrationResult> {
    const { source } = this.#request;
    for (;;) {
      const dirty = await source.dirtySince(this.#rounds.length - 1);
      const decision = this.#controller.decide(
        countPages(dirty, source.pageCount) * source.pageBytes,
      );
      switch (decision.kind) {
        case "throttle":
          this.#isThrottled = true;
          await source.throttle?.(decision.share);
          await this.#copy(dirty, "more");
          break;
        case "copy":
          await this.#copy(dirty, "more");
          break;
        case "stop":
          return await this.#finish(dirty, decision.predictedUs);
        case "abort":
          throw new DwcpError("dwcp.cancelled", `the migration was given up ${decision.reason}`);
      }
    }
  }

  async #finish(dirty: Uint8Array, predictedUs: number): Promise<MigrationResult> {
    const { source } = this.#request;
    this.#abort.signal.throwIfAborted();
    this.#isPaused = true;
    const pausedUs = nowUs();
    await source.pause();
    // What was dirty before the pause was not copied yet.
    const rest = await source.dirtySince(this.#rounds.length - 1);
    const all = dirty.map((byte, at) => byte | (rest[at] ?? 0));
    const { rootHash } = await this.#copy(all, "last");
    return {
      rounds: this.#rounds,
      downtimeUs: nowUs() - pausedUs,
      predictedUs,
      rootHash,
      rawBytes: source.pageCount * source.pageBytes,
      wireBytes: this.#rounds.reduce((sum, { wireBytes }) => sum + wireBytes, 0),
    };
  }

  async #copy(dirty: Uint8Array, which: "more" | "last"): Promise<SendResult> {
    const { key, source, baselines, minShare = MIN_SHARE, progress } = this.#request;
    const round = this.#rounds.length;
    const info = { round, isLast: which === "last" };
    const dirtyBytes = countPages(dirty, source.pageCount) * source.pageBytes;
    const path = await this.#copies.take(dirty);
    this.#abort.signal.throwIfAborted();
    const transferId = randomBytes(16).toString("hex");
    this.#way.say({ kind: "ROUND", transferId, round, dirtyBytes });
    const startUs = nowUs();
    let arrivedUs = startUs;
    const result = await this.#way.send({
      ...sendOptions(this.#request),
      key,
      transferId,
      generation: this.#firstGeneration + round,
      from: path,
      transferKind: "live",
      metadata: roundMetadata(info),
      minShare,
      previous: this.#previous,
      ...(this.#previous === undefined && baselines !== undefined ? { baselines } : {}),
      signal: this.#abort.signal,
      progress: (arrived, all) => {
        if (arrived === all && arrivedUs === startUs) arrivedUs = nowUs();
      },
      verified: () => {
        if (!info.isLast || this.#abort.signal.aborted) return;
        this.#switchedOver = true;
        this.#way.say({ kind: "SWITCHOVER", transferId, round });
      },
    });
    const { rootHash, wireBytes } = result;
    this.#previous = { path, id: rootHash };
    const measure: RoundMeasure = {
      dirtyBytes,
      wireBytes,
      sendingUs: arrivedUs - startUs,
      settlingUs: nowUs() - arrivedUs,
    };
    this.#controller.finished(measure);
    const report = { ...info, ...measure, rootHash };
    this.#rounds.push(report);
    progress?.(report);
    return result;
  }

  // Nothing was handed over: the source goes on as before. Otherwise nobody here knows whether the peer has it.
  async #undo(error: unknown): Promise<unknown> {
    if (this.#switchedOver) {
      const code =
        isWireError(error) && error instanceof DwcpError ? error.code : "dwcp.session_lost";
      return new DwcpError(code, "the peer may have taken over: the source stays paused", {
        cause: error,
        details: { switchedOver: true },
      });
    }
    const kept = await this.#release();
    if (kept.length > 0) {
      return new DwcpError("dwcp.source_changed", "the source could not be let go on", {
        cause: new AggregateError([error, ...kept]),
        details: { switchedOver: false },
      });
    }
    const wasAborted = this.#abort.signal.aborted && !isWireError(error);
    return wasAborted ? new DwcpError("dwcp.cancelled", "the migration was aborted") : error;
  }

  // Lets the source run as before; gives what kept it from that.
  async #release(): Promise<readonly unknown[]> {
    const { source } = this.#request;
    const kept: unknown[] = [];
    const attempt = async (step: () => void | Promise<void> | undefined): Promise<void> => {
      try {
        await step();
      } catch (error) {
        kept.push(error);
      }
    };
    if (this.#isThrottled) await attempt(() => source.throttle?.(1));
    if (this.#isPaused) await attempt(() => source.resume());
    return kept;
  }
}

function sendOptions(request: MigrationRequest): Partial<SendRequest> {
  const { level, adaptive, algorithm, minRatio, sendAheadUnits, priority } = request;
  return {
    ...(level === undefined ? {} : { level }),
    ...(adaptive === undefined ? {} : { adaptive }),
    ...(algorithm === undefined ? {} : { algorithm }),
    ...(minRatio === undefined ? {} : { minRatio }),
    ...(sendAheadUnits === undefined ? {} : { sendAheadUnits }),
    ...(priority === undefined ? {} : { priority }),
  };
}
