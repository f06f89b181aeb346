import type { RandomSource } from "@proj/wire-types";
import type { Response } from "../commands/response.js";
import { CounterType } from "../counters/counters-reader.js";
import type { CountersWriter } from "../counters/counters-writer.js";
import { SystemCounter } from "../counters/system-counters.js";
import { DriverError } from "../errors.js";
import { initialiseLog, logFileBytes } from "../log/log-buffers.js";
import type { DriverFiles, LogFile } from "./driver-files.js";
import type { DriverOptions } from "./driver-options.js";
import type { DriverSubscription } from "./driver-subscription.js";
import { IpcPublication, startLogAt } from "./ipc-publication.js";
import { Refusal } from "./refusal.js";
import { checkSame, type WantedPublication } from "./wanted-publication.js";
import { UntetheredReaders } from "./untethered-readers.js";
import { type StreamIdentity, streamCounterKey, streamCounterLabel } from "./stream-counter-key.js";

const PAGE_BYTES = 4_096;

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
  readonly #untethered: UntetheredReaders;
  #nextSessionId: number;
  #nowMs = 0;

  /** Starts without publications. */
  constructor(setup: PublicationTableSetup) {
    this.#setup = setup;
    this.#nextSessionId = randomInt32(setup.random);
    this.#untethered = new UntetheredReaders(setup.options, {
      leave: (publication, subscription) => {
        this.#tellUnavailable(publication, subscription.registrationId);
      },
      drop: (publication, subscription) => {
        this.#dropReader(publication, subscription.registrationId, this.#nowMs);
      },
      rejoin: (publication, subscription) => {
        this.link(publication, subscription, this.#nowMs);
      },
    });
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
    if (!subscription.tether) this.#untethered.add(publication, subscription, nowMs);
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
    this.#untethered.removeSubscription(subscriptionId);
    for (const publication of this.#publications) {
      this.#dropReader(publication, subscriptionId, nowMs);
    }
  }

  /** Does what is due once a second. */
  check(nowMs: number): void {
    this.#nowMs = nowMs;
    for (const publication of this.#publications) this.#check(publication, nowMs);
    this.#untethered.check(nowMs);
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
    this.#untethered.removePublication(publication);
    for (const reader of publication.takeReaders()) {
      this.#setup.counters.free(reader.positionCounterId, nowMs);
      this.#tellUnavailable(publication, reader.subscriptionId);
    }
    publication.state = "lingering";
    publication.lingerSinceMs = nowMs;
  }

  #dropReader(publication: IpcPublication, subscriptionId: bigint, nowMs: number): void {
    const reader = publication.removeReader(subscriptionId);
    if (reader !== undefined) this.#setup.counters.free(reader.positionCounterId, nowMs);
  }

  #tellUnavailable(publication: IpcPublication, subscriptionId: bigint): void {
    const { registrationId, streamId, channel } = publication.setup;
    this.#setup.tell({
      kind: "unavailableImage",
      correlationId: registrationId,
      subscriptionId,
      streamId,
      channel,
    });
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

function randomInt32(random: RandomSource): number {
  const bytes = new Uint8Array(4);
  random.fill(bytes);
  return new DataView(bytes.buffer).getInt32(0, true);
}
