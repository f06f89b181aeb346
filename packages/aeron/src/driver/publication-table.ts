import type { RandomSource } from "@proj/wire-types";
import type { ChannelUri } from "../channel-uri.js";
import type { Response } from "../commands/response.js";
import { CounterType } from "../counters/counters-reader.js";
import type { CountersWriter } from "../counters/counters-writer.js";
import { SystemCounter } from "../counters/system-counters.js";
import { DriverError } from "../errors.js";
import { initialiseLog, logFileBytes } from "../log/log-buffers.js";
import type { DriverFiles, LogFile } from "./driver-files.js";
import type { DriverOptions } from "./driver-options.js";
import { IpcPublication, startLogAt } from "./ipc-publication.js";
import type { PublicationOptions } from "./publication-options.js";
import { Refusal } from "./refusal.js";
import { type StreamIdentity, streamCounterKey, streamCounterLabel } from "./stream-counter-key.js";

const PAGE_BYTES = 4_096;

/** A subscription of a client. */
export interface DriverSubscription {
  /** The command that added it. */
  readonly registrationId: bigint;
  /** Whose it is. */
  readonly clientId: bigint;
  /** The stream. */
  readonly streamId: number;
  /** The channel. */
  readonly channel: string;
  /** The one session it reads, where it chose one. */
  readonly sessionId?: number;
}

/** A publication that a client asks for. */
export interface WantedPublication {
  /** The command that asks. */
  readonly registrationId: bigint;
  /** The stream. */
  readonly streamId: number;
  /** The channel as it was written. */
  readonly channel: string;
  /** The channel as it was read. */
  readonly uri: ChannelUri;
  /** What the channel asks for. */
  readonly options: PublicationOptions;
  /** Whether nobody else may write it. */
  readonly exclusive: boolean;
}

/** What the publications of a driver stand on. */
export interface PublicationTableSetup {
  /** Where logs are made. */
  readonly files: DriverFiles;
  /** Session and term ids come from here. */
  readonly random: RandomSource;
  /** How the driver behaves. */
  readonly options: DriverOptions;
  /** The counters of the driver. */
  readonly counters: CountersWriter;
  /** Tells all clients. */
  readonly tell: (response: Response) => void;
}

/** The publications of a driver: made, shared, linked to subscriptions, drained and removed. spec/aeron.md §11 */
export class PublicationTable {
  readonly #setup: PublicationTableSetup;
  readonly #publications = new Set<IpcPublication>();
  #nextSessionId: number;

  /** Starts without publications. */
  constructor(setup: PublicationTableSetup) {
    this.#setup = setup;
    this.#nextSessionId = randomInt32(setup.random);
  }

  /** Lets every writer go on as far as its readers have come; returns how many limits changed. */
  updateLimits(): number {
    let changed = 0;
    for (const publication of this.#publications) if (publication.updateLimit()) changed++;
    return changed;
  }

  /** Finds the shared publication that is wanted, if there is one. @throws {@link Refusal} when it is another. */
  find(wanted: WantedPublication): IpcPublication | undefined {
    if (wanted.exclusive) return undefined;
    const known = this.#shared(wanted.streamId, wanted.options.sessionId);
    if (known !== undefined) checkSame(known, wanted.uri, wanted.options);
    return known;
  }

  /** Makes a publication. @throws {@link Refusal} */
  create(wanted: WantedPublication, nowMs: number): IpcPublication {
    const { counters, random } = this.#setup;
    if (this.#publications.size >= this.#setup.options.maxPublications) {
      throw new Refusal(DriverError.RESOURCE_UNAVAILABLE, "too many publications");
    }
    const { registrationId, streamId, channel, exclusive, options } = wanted;
    const { termLength, mtu, windowBytes } = options;
    const sessionId = this.#sessionId(streamId, options.sessionId);
    const initialTermId = options.initialTermId ?? randomInt32(random);
    const file = this.#createLog(registrationId, logFileBytes(termLength, PAGE_BYTES));
    const { bytes } = file.region;
    initialiseLog(bytes, {
      termLength,
      mtu,
      initialTermId,
      sessionId,
      streamId,
      correlationId: registrationId,
      exclusive,
      pageSize: PAGE_BYTES,
      windowBytes,
    });
    const { startTermId: termId, startOffset: offset } = options;
    if (termId !== undefined && offset !== undefined) {
      startLogAt(bytes, { initialTermId, termId, offset });
    }
    const stream = { registrationId, sessionId, streamId, channel };
    const limitCounterId = this.#counter(CounterType.publisherLimit, "pub-lmt", stream, nowMs);
    const positionCounterId = this.#counter(
      CounterType.publisherPosition,
      "pub-pos",
      stream,
      nowMs,
    );
    const publication = new IpcPublication(
      {
        ...stream,
        exclusive,
        file,
        windowBytes,
        limitCounterId,
        limit: counters.record(limitCounterId),
        positionCounterId,
        position: counters.record(positionCounterId),
      },
      nowMs,
    );
    this.#publications.add(publication);
    return publication;
  }

  /** Gives back one registration; the last one ends writing, and with `revoke` reading too. */
  release(publication: IpcPublication, revoke: boolean, nowMs: number): void {
    publication.users--;
    if (publication.users > 0 || publication.state !== "active") return;
    publication.startDraining();
    if (revoke) this.#unlink(publication, nowMs);
  }

  /** Links a subscription to every publication that it matches. */
  linkAll(subscription: DriverSubscription, nowMs: number): void {
    for (const publication of this.#publications) this.link(publication, subscription, nowMs);
  }

  /** Links a subscription to a publication, if it matches. */
  link(publication: IpcPublication, subscription: DriverSubscription, nowMs: number): void {
    const { counters, tell } = this.#setup;
    const { setup } = publication;
    const { registrationId, sessionId, streamId, channel } = subscription;
    if (setup.streamId !== streamId || publication.state === "lingering") return;
    if (sessionId !== undefined && sessionId !== setup.sessionId) return;
    const join = publication.joinPosition();
    const stream = { registrationId, sessionId: setup.sessionId, streamId, channel };
    const counterId = counters.allocate(
      {
        typeId: CounterType.subscriberPosition,
        key: streamCounterKey(stream),
        label: `${streamCounterLabel("sub-pos", stream)} @${join}`,
        registrationId,
        ownerId: subscription.clientId,
        value: BigInt(join),
      },
      nowMs,
    );
    publication.addReader({
      subscriptionId: registrationId,
      positionCounterId: counterId,
      position: counters.record(counterId),
    });
    tell({
      kind: "availableImage",
      correlationId: setup.registrationId,
      sessionId: setup.sessionId,
      streamId,
      subscriptionId: registrationId,
      positionCounterId: counterId,
      logFile: setup.file.path,
      sourceIdentity: "aeron:ipc",
    });
  }

  /** Takes a subscription from all publications. */
  unlinkAll(subscriptionId: bigint, nowMs: number): void {
    for (const publication of this.#publications) {
      const reader = publication.removeReader(subscriptionId);
      if (reader !== undefined) this.#setup.counters.free(reader.positionCounterId, nowMs);
    }
  }

  /** Does what is due once a second. */
  check(nowMs: number): void {
    for (const publication of this.#publications) this.#check(publication, nowMs);
  }

  /** Removes all logs. */
  clear(): void {
    for (const publication of this.#publications) publication.setup.file.remove();
    this.#publications.clear();
  }

  #check(publication: IpcPublication, nowMs: number): void {
    const { options, counters } = this.#setup;
    if (publication.state === "lingering") {
      if (nowMs - publication.lingerSinceMs >= options.lingerMs) this.#remove(publication, nowMs);
      return;
    }
    if (publication.checkBlocked(nowMs, options.unblockTimeoutMs)) {
      counters.increment(SystemCounter.unblockedPublications);
    }
    if (publication.state === "draining" && publication.isDrained) {
      this.#unlink(publication, nowMs);
    }
  }

  // Nobody reads it any more; its log stays for a while, for clients that still look at it.
  #unlink(publication: IpcPublication, nowMs: number): void {
    const { counters, tell } = this.#setup;
    const { registrationId, streamId, channel } = publication.setup;
    for (const reader of publication.takeReaders()) {
      counters.free(reader.positionCounterId, nowMs);
      tell({
        kind: "unavailableImage",
        correlationId: registrationId,
        subscriptionId: reader.subscriptionId,
        streamId,
        channel,
      });
    }
    publication.state = "lingering";
    publication.lingerSinceMs = nowMs;
  }

  #remove(publication: IpcPublication, nowMs: number): void {
    const { limitCounterId, positionCounterId, file } = publication.setup;
    this.#publications.delete(publication);
    this.#setup.counters.free(limitCounterId, nowMs);
    this.#setup.counters.free(positionCounterId, nowMs);
    file.remove();
  }

  #shared(streamId: number, sessionId: number | undefined): IpcPublication | undefined {
    for (const publication of this.#publications) {
      const { setup, state } = publication;
      const same = setup.streamId === streamId && !setup.exclusive && state === "active";
      if (same && (sessionId === undefined || sessionId === setup.sessionId)) return publication;
    }
    return undefined;
  }

  #createLog(registrationId: bigint, sizeBytes: number): LogFile {
    try {
      return this.#setup.files.createLog(registrationId, sizeBytes);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Refusal(DriverError.STORAGE_SPACE, `a log of ${sizeBytes} bytes: ${reason}`);
    }
  }

  #sessionId(streamId: number, wanted: number | undefined): number {
    const taken = (sessionId: number): boolean =>
      [...this.#publications].some(
        ({ setup }) => setup.streamId === streamId && setup.sessionId === sessionId,
      );
    if (wanted !== undefined) {
      if (!taken(wanted)) return wanted;
      throw new Refusal(DriverError.GENERIC, `session-id=${wanted} is in use on this stream`);
    }
    while (taken(this.#nextSessionId)) this.#nextSessionId = (this.#nextSessionId + 1) | 0;
    const sessionId = this.#nextSessionId;
    this.#nextSessionId = (sessionId + 1) | 0;
    return sessionId;
  }

  #counter(typeId: number, name: string, stream: StreamIdentity, nowMs: number): number {
    return this.#setup.counters.allocate(
      {
        typeId,
        key: streamCounterKey(stream),
        label: streamCounterLabel(name, stream),
        registrationId: stream.registrationId,
        ownerId: -1n,
      },
      nowMs,
    );
  }
}

function checkSame(known: IpcPublication, uri: ChannelUri, options: PublicationOptions): void {
  const differs = (key: string, ours: number, theirs: number): void => {
    if (!uri.parameters.has(key) || ours === theirs) return;
    throw new Refusal(
      DriverError.GENERIC,
      `${key}=${theirs} differs from that of the existing publication, ${ours}`,
    );
  };
  differs("term-length", known.log.termLength, options.termLength);
  differs("mtu", known.log.mtu, options.mtu);
  differs("init-term-id", known.log.initialTermId, options.initialTermId ?? 0);
}

function randomInt32(random: RandomSource): number {
  const bytes = new Uint8Array(4);
  random.fill(bytes);
  return new DataView(bytes.buffer).getInt32(0, true);
}
