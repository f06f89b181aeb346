import type { Clock, LogSink, Meter, RandomSource } from "@proj/wire-types";
import { silentTelemetry } from "@proj/wire-types";
import { systemRandom, systemTime } from "@proj/wire-types/system";
import { CapnwebError } from "../errors.js";
import { MemoryResumeStore } from "./memory-resume-store.js";
import type { Restored, ResumeGrant, ResumeTokenInfo } from "./resume-grant.js";
import type { ResumeEntry, ResumeRecord, ResumeStore } from "./resume-record.js";
import { TokenSigner } from "./token-signer.js";

/** What a restorer knows beside its parameters. */
export interface RestoreContext {
  /** Who asks: the one whom the token was given to. */
  readonly principal: string;
  /** The name of the object. */
  readonly key: string;
}

/** Makes an object of a kind again; `undefined` where it no longer exists. It checks its parameters. */
export type Restorer = (
  params: unknown,
  context: RestoreContext,
) => object | undefined | Promise<object | undefined>;

/** What may be chosen for resume tokens. */
export interface ResumeOptions {
  /** Secrets of 32 bytes or more: the first signs, all are recognised. */
  readonly secrets: readonly Uint8Array[];
  /** Makes objects again, by kind. */
  readonly restorers: Readonly<Record<string, Restorer>>;
  /** Where records are kept; this process's memory where absent. */
  readonly store?: ResumeStore | undefined;
  /** Milliseconds that a token is valid. Default one hour. */
  readonly ttlMs?: number | undefined;
  /** Milliseconds after which a line of tokens ends, however often it was renewed. Default 30 days. */
  readonly maxAgeMs?: number | undefined;
  /** Milliseconds in which a used token works once more, for an answer that was lost. Default 10 000. */
  readonly graceMs?: number | undefined;
  /** Objects of one token. Default 1 000. */
  readonly maxEntries?: number | undefined;
  /** UTF-16 code units that the JSON of all parameters and metadata of a token takes. Default 65 536. */
  readonly maxRecordSize?: number | undefined;
  /** The clock; the host's where absent. */
  readonly clock?: Clock | undefined;
  /** What ids are drawn from; the host's where absent. Never a predictable one. */
  readonly random?: RandomSource | undefined;
  /** Hears of refusals, with the reason that the peer is not told. */
  readonly log?: LogSink | undefined;
  /** Counts tokens: `capnweb_resume_total` by outcome. */
  readonly meter?: Meter | undefined;
}

/** Why a token is refused. The peer is told none of it: that would be an oracle. */
type Refusal = "unrecognised" | "unknown" | "expired" | "replayed";

/**
 * Issues resume tokens and honours them: signed, for one principal, used once, and replaced by the
 * next when used. spec/capnweb.md §18
 *
 * ```
 * issued ──restore──▶ used, its successor issued ──restore within the grace──▶ successor replaced
 *    └── ttl, maxAge, invalidate ──▶ void
 * ```
 */
export class ResumeManager {
  readonly #options: ResumeOptions;
  readonly #signer: TokenSigner;
  readonly #store: ResumeStore;
  readonly #clock: Clock;
  readonly #count: (outcome: string) => void;

  /** @throws RangeError for no secret, or one that is too short. */
  constructor(options: ResumeOptions) {
    this.#options = options;
    this.#signer = new TokenSigner(options.secrets, options.random ?? systemRandom);
    this.#store = options.store ?? new MemoryResumeStore();
    this.#clock = options.clock ?? systemTime;
    const counter = (options.meter ?? silentTelemetry.meter).counter({
      name: "capnweb_resume_total",
      help: "Resume tokens by what became of them.",
      labels: ["outcome"],
    });
    this.#count = (outcome) => counter.add(1, { outcome });
  }

  /**
   * Issues a token.
   *
   * @param line The line that it goes on with, whose other tokens become void, as its latest grant names
   *   it; a new one where absent.
   * @throws {@link CapnwebError} `capnweb.resume_refused` for a line that has reached its age.
   * @throws RangeError for more than a token may hold; TypeError for an unknown kind, or parameters
   *   that are not JSON.
   */
  async issue(
    principal: string,
    entries: readonly ResumeEntry[],
    line: {
      readonly after?: Pick<ResumeGrant, "sessionId" | "createdAtMs"> | undefined;
      readonly ttlMs?: number | undefined;
      readonly metadata?: Readonly<Record<string, unknown>> | undefined;
    } = {},
  ): Promise<ResumeGrant> {
    const kept = this.#checked(entries, line.metadata);
    const nowMs = this.#clock.wallMs();
    const { after } = line;
    const createdAtMs = after?.createdAtMs ?? nowMs;
    if (after !== undefined) await this.#store.removeSession(after.sessionId);
    if (this.#endOf(createdAtMs) <= nowMs) throw this.#refuse("expired");
    const { grant } = await this.#keep({
      sessionId: after?.sessionId ?? this.#signer.newId(),
      principal,
      entries: kept.entries,
      seq: 0,
      createdAtMs,
      expiresAtMs: Math.min(nowMs + (line.ttlMs ?? this.#ttlMs), this.#endOf(createdAtMs)),
      metadata: kept.metadata,
    });
    this.#count("issued");
    return grant;
  }

  /** Tells whether a token would be honoured, without using it. */
  async validate(token: unknown, principal: string): Promise<boolean> {
    return (await this.inspect(token, principal))?.valid === true;
  }

  /** Answers what is known of a token, without using it; `undefined` for one that is not known. */
  async inspect(token: unknown, principal: string): Promise<ResumeTokenInfo | undefined> {
    const handle = await this.#signer.recognise(token, principal);
    const record = handle === undefined ? undefined : await this.#store.get(handle);
    if (record === undefined) return undefined;
    const { sessionId, createdAtMs, expiresAtMs, entries, metadata } = record;
    const valid = expiresAtMs > this.#clock.wallMs();
    const keys = entries.map(({ key }) => key);
    return { sessionId, createdAtMs, expiresAtMs, valid, keys, metadata };
  }

  /**
   * Makes the objects of a token again, and uses it up. A restorer that fails leaves the token as it
   * was, and its error goes to the caller.
   *
   * @throws {@link CapnwebError} `capnweb.resume_refused`, whatever is wrong with the token.
   */
  async restore(token: unknown, principal: string): Promise<Restored> {
    const handle = await this.#signer.recognise(token, principal);
    if (handle === undefined) throw this.#refuse("unrecognised");
    const record = await this.#store.take(handle);
    if (record === undefined) throw this.#refuse("unknown");
    if (record.expiresAtMs <= this.#clock.wallMs()) {
      throw this.#refuse(record.replacedBy === undefined ? "expired" : "replayed");
    }
    if (record.replacedBy !== undefined) {
      // The answer may have been lost: its token must not have been used, and never will be.
      const successor = await this.#store.take(record.replacedBy);
      if (successor?.replacedBy !== undefined) {
        await this.#store.put(record.replacedBy, successor);
      }
      if (successor === undefined || successor.replacedBy !== undefined) {
        throw this.#refuse("replayed");
      }
    }
    try {
      return await this.#rotate(handle, record);
    } catch (error) {
      await this.#store.put(handle, { ...record, replacedBy: undefined });
      throw error;
    }
  }

  /** Voids every token of a line. @returns how many there were. */
  async invalidate(sessionId: string): Promise<number> {
    return await this.#store.removeSession(sessionId);
  }

  /** Removes what has expired; to be called now and then. @returns how many there were. */
  async cleanup(): Promise<number> {
    return await this.#store.removeExpired(this.#clock.wallMs());
  }

  get #ttlMs(): number {
    return this.#options.ttlMs ?? 3_600_000;
  }

  /** When a line ends, however often it is renewed. */
  #endOf(createdAtMs: number): number {
    return createdAtMs + (this.#options.maxAgeMs ?? 30 * 86_400_000);
  }

  async #rotate(handle: string, record: ResumeRecord): Promise<Restored> {
    const alive = await this.#makeAll(record);
    const nowMs = this.#clock.wallMs();
    const entries = alive.map(([entry]) => entry);
    const next = await this.#keep({
      ...record,
      entries,
      seq: record.seq + 1,
      expiresAtMs: Math.min(nowMs + this.#ttlMs, this.#endOf(record.createdAtMs)),
      replacedBy: undefined,
    });
    const graceMs = this.#options.graceMs ?? 10_000;
    await this.#store.put(handle, {
      ...record,
      expiresAtMs: Math.min(
        record.expiresAtMs,
        record.replacedBy === undefined ? nowMs + graceMs : record.expiresAtMs,
      ),
      replacedBy: next.handle,
    });
    this.#count("restored");
    const objects = Object.fromEntries(alive.map(([entry, object]) => [entry.key, object]));
    return { objects, entries, grant: next.grant, metadata: record.metadata };
  }

  /** Makes what can still be had; of several failures the first is thrown, and nothing is kept. */
  async #makeAll(record: ResumeRecord): Promise<(readonly [ResumeEntry, object])[]> {
    const outcomes = await Promise.allSettled(
      record.entries.map(async (entry) => [entry, await this.#make(entry, record)] as const),
    );
    const alive = outcomes.flatMap((outcome) => {
      if (outcome.status === "rejected") return [];
      const [entry, object] = outcome.value;
      return object === undefined ? [] : [[entry, object] as const];
    });
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed === undefined) return alive;
    for (const [, object] of alive) (object as Partial<Disposable>)[Symbol.dispose]?.();
    throw failed.reason;
  }

  async #make(entry: ResumeEntry, { principal }: ResumeRecord): Promise<object | undefined> {
    // A kind that this version of the application no longer has.
    if (!Object.hasOwn(this.#options.restorers, entry.kind)) return undefined;
    return await this.#options.restorers[entry.kind]?.(entry.params, { principal, key: entry.key });
  }

  async #keep(
    record: ResumeRecord,
  ): Promise<{ readonly handle: string; readonly grant: ResumeGrant }> {
    const { token, handle } = await this.#signer.make(record.principal);
    await this.#store.put(handle, record);
    const { sessionId, createdAtMs, expiresAtMs, entries } = record;
    const keys = entries.map(({ key }) => key);
    return { handle, grant: { token, sessionId, createdAtMs, expiresAtMs, keys } };
  }

  /** Copies what is to be kept, as JSON: what is changed later does not get in. */
  #checked(
    entries: readonly ResumeEntry[],
    metadata: Readonly<Record<string, unknown>> | undefined,
  ): Pick<ResumeRecord, "entries" | "metadata"> {
    const { maxEntries = 1000, maxRecordSize = 65_536, restorers } = this.#options;
    if (entries.length > maxEntries) {
      throw new RangeError(`${entries.length} objects in one resume token, limit ${maxEntries}`);
    }
    for (const { kind } of entries) {
      if (!Object.hasOwn(restorers, kind)) throw new TypeError(`no restorer of kind "${kind}"`);
    }
    const text = JSON.stringify({ entries, metadata });
    if (text.length > maxRecordSize) {
      throw new RangeError(`a resume record of ${text.length} characters, limit ${maxRecordSize}`);
    }
    return JSON.parse(text) as Pick<ResumeRecord, "entries" | "metadata">;
  }

  #refuse(reason: Refusal): CapnwebError {
    this.#count(reason);
    this.#options.log?.log({ level: "warn", event: "capnweb.resume_refused", fields: { reason } });
    return new CapnwebError("capnweb.resume_refused", "the resume token is not valid");
  }
}
