import type { AvailableImage, PublicationReady, UnavailableImage } from "../commands/response.js";
import type { CountersReader } from "../counters/counters-reader.js";
import { AeronError } from "../errors.js";
import { Image } from "./image.js";
import { LogCache, type LogMapper } from "./log-cache.js";
import type { PublicationBase, PublicationSetup } from "./publication-base.js";
import { type ImageHandlers, Subscription } from "./subscription.js";
import { UserCounter } from "./user-counter.js";

/** After how long a log that nobody uses is unmapped, in milliseconds. spec/aeron.md §9 */
const LINGER_MS = 3_000;

/** Tells the driver that something it gave is no longer wanted. */
export type Removal = (kind: "publication" | "subscription" | "counter", id: bigint) => void;

/** What a driver has given to a client: publications, subscriptions with their images, counters, and the logs of all. */
export class ClientResources {
  readonly #counters: CountersReader;
  readonly #logs: LogCache;
  readonly #remove: Removal;
  readonly #publications = new Map<bigint, PublicationBase>();
  readonly #subscriptions = new Map<bigint, Subscription>();
  readonly #imageFiles = new Map<Image, string>();
  readonly #userCounters = new Map<bigint, UserCounter>();
  #nowMs: number;

  /** Starts with nothing; `remove` tells the driver what was closed here. */
  constructor(counters: CountersReader, mapLog: LogMapper, remove: Removal, nowMs: number) {
    this.#counters = counters;
    this.#logs = new LogCache(mapLog, LINGER_MS);
    this.#remove = remove;
    this.#nowMs = nowMs;
  }

  /** Makes the publication that the command `id` asked for. @throws {@link AeronError} `aeron.file_invalid` */
  addPublication<P extends PublicationBase>(
    id: bigint,
    channel: string,
    ready: PublicationReady,
    make: new (setup: PublicationSetup) => P,
  ): P {
    if (!this.#counters.contains(ready.limitCounterId)) {
      throw new AeronError("aeron.file_invalid", `there is no counter ${ready.limitCounterId}`);
    }
    const publication = new make({
      channel,
      streamId: ready.streamId,
      sessionId: ready.sessionId,
      registrationId: id,
      log: this.#logs.acquire(ready.logFile),
      limit: this.#counters.valueRecord(ready.limitCounterId),
      channelStatusCounterId: ready.channelStatusCounterId,
      onClose: () => {
        this.#publications.delete(id);
        this.#logs.release(ready.logFile, this.#nowMs);
        this.#remove("publication", id);
      },
    });
    this.#publications.set(id, publication);
    return publication;
  }

  /** Makes the subscription that the command `id` asked for. */
  addSubscription(
    id: bigint,
    channel: string,
    streamId: number,
    channelStatusCounterId: number,
    handlers: ImageHandlers,
  ): Subscription {
    const subscription = new Subscription({
      channel,
      streamId,
      registrationId: id,
      channelStatusCounterId,
      handlers,
      onClose: () => {
        this.#subscriptions.delete(id);
        this.#remove("subscription", id);
      },
    });
    this.#subscriptions.set(id, subscription);
    return subscription;
  }

  /** Makes the counter that the command `id` asked for; `undefined` where the driver named none that is there. */
  addCounter(id: bigint, counterId: number): UserCounter | undefined {
    if (!this.#counters.contains(counterId)) return undefined;
    const counter = new UserCounter(counterId, id, this.#counters.valueRecord(counterId), () => {
      this.#userCounters.delete(id);
      this.#remove("counter", id);
    });
    this.#userCounters.set(id, counter);
    return counter;
  }

  /** Adds an image to the subscription that it is for, if that is ours. */
  imageAvailable(response: AvailableImage): void {
    const subscription = this.#subscriptions.get(response.subscriptionId);
    if (subscription === undefined || !this.#counters.contains(response.positionCounterId)) return;
    const image = new Image({
      correlationId: response.correlationId,
      sessionId: response.sessionId,
      streamId: response.streamId,
      sourceIdentity: response.sourceIdentity,
      log: this.#logs.acquire(response.logFile),
      position: this.#counters.valueRecord(response.positionCounterId),
    });
    this.#imageFiles.set(image, response.logFile);
    subscription.add(image);
  }

  /** Takes an image from the subscription that it was for, if that is ours. */
  imageUnavailable(response: UnavailableImage): void {
    const subscription = this.#subscriptions.get(response.subscriptionId);
    this.#releaseImage(subscription?.remove(response.correlationId));
  }

  /** Marks a counter of ours as taken by the driver. */
  counterUnavailable(registrationId: bigint): void {
    this.#userCounters.get(registrationId)?.abandon();
  }

  /** Takes the time, and unmaps what nobody has used for a while. */
  tick(nowMs: number): void {
    this.#nowMs = nowMs;
    // Images of a subscription that was closed are told to nobody.
    for (const image of this.#imageFiles.keys()) if (image.isClosed) this.#releaseImage(image);
    this.#logs.tick(nowMs);
  }

  /** Gives everything up without telling the driver. */
  abandon(): void {
    for (const publication of this.#publications.values()) publication.abandon();
    for (const subscription of this.#subscriptions.values()) subscription.abandon();
    for (const counter of this.#userCounters.values()) counter.abandon();
    this.#publications.clear();
    this.#subscriptions.clear();
    this.#imageFiles.clear();
    this.#logs.clear();
  }

  #releaseImage(image: Image | undefined): void {
    const file = image === undefined ? undefined : this.#imageFiles.get(image);
    if (image === undefined || file === undefined) return;
    this.#imageFiles.delete(image);
    this.#logs.release(file, this.#nowMs);
  }
}
