import type { Client, FragmentHandler, Subscription } from "@proj/aeron";
import type { OwnStream } from "../supervisor/supervisor.js";

/**
 * The descriptors that a consumer reads: everybody's, its own, or both while it changes over. What is not read is not
 * subscribed to either, since that would hold writers up. spec/tensor-pool.md §15
 */
export class DescriptorStreams {
  readonly #client: Client;
  readonly #sharedStream: OwnStream;
  #shared: Subscription | undefined;
  #own: Subscription | undefined;
  #leaving = false;
  #closed = false;

  /** Starts on the shared stream, which is subscribed to already. */
  constructor(client: Client, sharedStream: OwnStream, shared: Subscription) {
    this.#client = client;
    this.#sharedStream = sharedStream;
    this.#shared = shared;
  }

  /** Hands out descriptors; returns how many fragments they were. */
  poll(handler: FragmentHandler, limit: number): number {
    // The shared one first: what lies there from before its own one began comes before what lies in that.
    const shared = this.#shared?.poll(handler, limit) ?? 0;
    if (this.#leaving && shared === 0) this.#closeShared();
    return shared + (this.#own?.poll(handler, limit) ?? 0);
  }

  /** Reads a stream of its own as well; `available` is called when it has begun. @throws AeronError */
  async openOwn(stream: OwnStream, available: () => void): Promise<void> {
    this.#own?.close();
    const { channel, streamId } = stream;
    const own = await this.#client.addSubscription(channel, streamId, { available });
    if (this.#closed) own.close();
    else this.#own = own;
  }

  /** Leaves the shared stream, once everything that lies there was handed out. */
  leaveShared(): void {
    this.#leaving = true;
  }

  /** Goes back to the shared stream alone. @throws AeronError */
  async closeOwn(): Promise<void> {
    this.#leaving = false;
    const { channel, streamId } = this.#sharedStream;
    const shared = this.#shared ?? (await this.#client.addSubscription(channel, streamId));
    if (this.#closed) shared.close();
    else this.#shared = shared;
    this.#own?.close();
    this.#own = undefined;
  }

  /** Stops reading. */
  close(): void {
    this.#closed = true;
    this.#closeShared();
    this.#own?.close();
  }

  #closeShared(): void {
    this.#leaving = false;
    this.#shared?.close();
    this.#shared = undefined;
  }
}
