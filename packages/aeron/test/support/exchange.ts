import {
  AeronError,
  type Client,
  FragmentAssembler,
  type Publication,
  type Subscription,
} from "@proj/aeron";
import type { World } from "./world.js";

/** The channel of all messages. */
export const IPC = "aeron:ipc";

/** A message. */
export function text(message: string): Uint8Array {
  return new TextEncoder().encode(message);
}

/** Polls until nothing comes and returns what did, as text. */
export function read(subscription: Subscription, limit = 10): string[] {
  const messages: string[] = [];
  const assembler = new FragmentAssembler((term, offset, length) => {
    messages.push(new TextDecoder().decode(term.bytes.subarray(offset, offset + length)));
  });
  // The padding at a term's end counts for nothing: only two empty polls mean that there is no more.
  for (let empty = 0; empty < 2;) {
    empty = subscription.poll(assembler.handle, limit) > 0 ? 0 : empty + 1;
  }
  return messages;
}

/** The code that a promise is rejected with. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof AeronError) return error.code;
    throw error;
  }
  return "no error";
}

/** A subscription and a publication that have found each other. */
export async function pair(
  world: World,
  client: Client = world.client(),
): Promise<{ client: Client; subscription: Subscription; publication: Publication }> {
  const subscription = await world.done(client.addSubscription(IPC, 10));
  const publication = await world.done(client.addPublication(IPC, 10));
  world.settle();
  return { client, subscription, publication };
}
