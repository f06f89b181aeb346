import {
  FragmentAssembler,
  type Client,
  OfferResult,
  type Publication,
  type Subscription,
} from "@proj/aeron";
import type { MessagePlace } from "./message-places.js";

/** Takes a message in place; its bytes are valid during the call. */
export type MessageHandler = (view: DataView, offset: number, length: number) => void;

/** Fragments that one poll takes at most. */
const POLL_LIMIT = 32;
/** How often a message is offered again while the transport is busy with itself. */
const ADMIN_RETRIES = 8;

/** What became of a message that was offered. */
export type LinkOffer = "sent" | "nobody" | "full";

/** Reads one Aeron stream in whole messages. */
export class MessagePoller {
  readonly #subscription: Subscription;
  readonly #assembler: FragmentAssembler;

  /** Use {@link openPoller}. */
  constructor(subscription: Subscription, assembler: FragmentAssembler) {
    this.#subscription = subscription;
    this.#assembler = assembler;
  }

  /** Hands out the messages that have come; returns how many fragments they were. */
  poll(): number {
    return this.#subscription.poll(this.#assembler.handle, POLL_LIMIT);
  }

  /** Stops reading. Harmless the second time. */
  close(): void {
    this.#subscription.close();
  }
}

/** Starts reading a stream. @throws AeronError */
export async function openPoller(
  client: Client,
  channel: string,
  streamId: number,
  handler: MessageHandler,
): Promise<MessagePoller> {
  const assembler = new FragmentAssembler((term, offset, length) => {
    handler(term.view, offset, length);
  });
  const subscription = await client.addSubscription(channel, streamId, {
    unavailable: ({ sessionId }) => {
      assembler.forget(sessionId);
    },
  });
  return new MessagePoller(subscription, assembler);
}

/** Starts reading the stream of a place. @throws AeronError */
export function openPollerAt(
  client: Client,
  { channel, streamId }: MessagePlace,
  handler: MessageHandler,
): Promise<MessagePoller> {
  return openPoller(client, channel, streamId, handler);
}

/** Offers a message, again while the transport is busy with itself. */
export function offerMessage(publication: Publication, bytes: Uint8Array): LinkOffer {
  for (let attempt = 0; attempt < ADMIN_RETRIES; attempt++) {
    const result = publication.offer(bytes);
    if (result >= 0) return "sent";
    if (result === OfferResult.adminAction) continue;
    return result === OfferResult.backPressured ? "full" : "nobody";
  }
  return "full";
}
