import type { BlockHandler, ControlledHandler, FragmentHandler, Image } from "./image.js";

/** Who is told of images. */
export interface ImageHandlers {
  /** A publication can be read from now on. */
  readonly available?: (image: Image) => void;
  /** A publication has gone; what was not read is lost. */
  readonly unavailable?: (image: Image) => void;
}

/** What a subscription needs to know of itself. */
export interface SubscriptionSetup {
  /** The channel as it was asked for. */
  readonly channel: string;
  /** The stream. */
  readonly streamId: number;
  /** The command that added it. */
  readonly registrationId: bigint;
  /** The counter that tells how the channel is, or -1. */
  readonly channelStatusCounterId: number;
  /** Who is told of images. */
  readonly handlers: ImageHandlers;
  /** Removes it from the driver; called once. */
  readonly onClose: () => void;
}

/** Reads a stream from all that publish it. spec/aeron.md §9 */
export class Subscription {
  /** The channel as it was asked for. */
  readonly channel: string;
  /** The stream. */
  readonly streamId: number;
  /** The command that added it. */
  readonly registrationId: bigint;
  /** The counter that tells how the channel is, or -1. */
  readonly channelStatusCounterId: number;
  readonly #handlers: ImageHandlers;
  readonly #onClose: () => void;
  #images: readonly Image[] = [];
  #first = 0;
  #closed = false;

  /** Takes what the driver answered. */
  constructor(setup: SubscriptionSetup) {
    this.channel = setup.channel;
    this.streamId = setup.streamId;
    this.registrationId = setup.registrationId;
    this.channelStatusCounterId = setup.channelStatusCounterId;
    this.#handlers = setup.handlers;
    this.#onClose = setup.onClose;
  }

  /** What can be read now. */
  get images(): readonly Image[] {
    return this.#images;
  }

  /** Whether anybody publishes. */
  get isConnected(): boolean {
    return this.#images.length > 0;
  }

  /** Whether it was closed, here or because the client was. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** Hands out up to `limit` fragments of all images, each in turn the first; returns how many. */
  poll(handler: FragmentHandler, limit: number): number {
    const [only] = this.#images;
    if (only !== undefined && this.#images.length === 1) return only.poll(handler, limit);
    return this.#each(limit, (image, left) => image.poll(handler, left));
  }

  /** Like {@link Subscription.poll} with a handler that steers. */
  controlledPoll(handler: ControlledHandler, limit: number): number {
    return this.#each(limit, (image, left) => image.controlledPoll(handler, left));
  }

  /** Hands out whole frames in pieces of the log; returns how many bytes. */
  blockPoll(handler: BlockHandler, limitBytes: number): number {
    let bytes = 0;
    for (const image of this.#images) bytes += image.blockPoll(handler, limitBytes);
    return bytes;
  }

  /** Takes it from the driver. Harmless the second time. */
  close(): void {
    if (this.#closed) return;
    this.abandon();
    this.#onClose();
  }

  /** Ends it without telling the driver, which has forgotten it. */
  abandon(): void {
    this.#closed = true;
    for (const image of this.#images) this.remove(image.correlationId);
  }

  /** Adds an image. The client calls it. */
  add(image: Image): void {
    this.#images = [...this.#images, image];
    this.#handlers.available?.(image);
  }

  /** Removes an image. The client calls it. */
  remove(correlationId: bigint): Image | undefined {
    const image = this.#images.find((each) => each.correlationId === correlationId);
    if (image === undefined) return undefined;
    this.#images = this.#images.filter((each) => each !== image);
    image.close();
    this.#handlers.unavailable?.(image);
    return image;
  }

  #each(limit: number, poll: (image: Image, left: number) => number): number {
    const images = this.#images;
    const count = images.length;
    if (count === 0) return 0;
    if (this.#first >= count) this.#first = 0;
    const first = this.#first++;
    let total = 0;
    for (let index = 0; index < count && total < limit; index++) {
      const image = images[(first + index) % count];
      if (image !== undefined) total += poll(image, limit - total);
    }
    return total;
  }
}
