import { type AtomicBuffer, OfferResult, type PublicationBase } from "@proj/aeron";
import { BackoffIdle } from "@proj/aeron/node";

const MAX_LENGTH = 4_000;

/** The length of message `number`, as the peer in Java makes it. */
export function lengthOf(number: number): number {
  return 8 + ((number * 977) % (MAX_LENGTH - 8));
}

/** Message `number`: its number and a pattern. */
export function messageOf(number: number): Uint8Array {
  const bytes = new Uint8Array(lengthOf(number));
  new DataView(bytes.buffer).setBigUint64(0, BigInt(number), true);
  for (let at = 8; at < bytes.length; at++) bytes[at] = number + at;
  return bytes;
}

/** Tells what is wrong with a message that should be `number`; nothing when it is right. */
export function fault(
  number: number,
  term: AtomicBuffer,
  offset: number,
  length: number,
): string | undefined {
  const came = Number(term.view.getBigUint64(offset, true));
  if (came !== number) return `message ${number} came as ${came}`;
  if (length !== lengthOf(number)) return `message ${number} has ${length} bytes`;
  for (let at = 8; at < length; at++) {
    if (term.bytes[offset + at] !== ((number + at) & 0xff)) return `${number} is damaged at ${at}`;
  }
  return undefined;
}

/** Offers a message until it is taken. */
export async function offer(publication: PublicationBase, message: Uint8Array): Promise<void> {
  let idle: BackoffIdle | undefined;
  for (;;) {
    const result = publication.offer(message);
    if (result > 0) return;
    if (result === OfferResult.closed || result === OfferResult.maxPositionExceeded) {
      throw new Error(`the offer was answered ${result}`);
    }
    idle ??= new BackoffIdle({ thread: "own" });
    await idle.idle();
  }
}
