import { parseChannel } from "@proj/aeron";

/** What channels of consumers may have, in bytes. spec/tensor-pool.md §15 */
const MAX_CHANNEL_BYTES = 1_024;

/** What a consumer says of a stream of its own. */
export type OwnStreamRequest =
  | { readonly kind: "none" }
  | { readonly kind: "wanted"; readonly channel: string; readonly streamId: number }
  | { readonly kind: "malformed" };

/** How requests are judged. */
export interface OwnStreamRules {
  /** What a channel must begin with: nobody else's address is published to. */
  readonly allowedPrefixes: readonly string[];
  /** Whether a channel without an id means that any id will do. */
  readonly lenient: boolean;
}

/** Reads one of a hello's two requests, by the table of spec/tensor-pool.md §15. */
export function ownStreamRequest(
  channel: string,
  streamId: number,
  rules: OwnStreamRules,
): OwnStreamRequest {
  if (channel === "") return streamId === 0 ? { kind: "none" } : { kind: "malformed" };
  if (streamId === 0 && !rules.lenient) return { kind: "malformed" };
  const allowed = rules.allowedPrefixes.some((prefix) => channel.startsWith(prefix));
  if (!allowed || channel.length > MAX_CHANNEL_BYTES || !isChannel(channel)) {
    return { kind: "malformed" };
  }
  return { kind: "wanted", channel, streamId };
}

function isChannel(text: string): boolean {
  try {
    return parseChannel(text).prefix === undefined;
  } catch {
    return false;
  }
}
