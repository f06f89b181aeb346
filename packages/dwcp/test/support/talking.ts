import { DictionaryBook } from "@proj/dwcp";
import type { SessionHost } from "#src/io/net/session-host.js";
import { StoreTalk } from "#src/io/transfer/store-talk.js";
import type { StoreMessage } from "#src/session/session-events.js";
import { platform } from "./hde.js";

interface Peer {
  readonly host: SessionHost;
  readonly said: StoreMessage[];
}

function peerNamed(peerNodeId: string): Peer {
  const said: StoreMessage[] = [];
  const session = {
    isClosed: false,
    options: { identity: { peerNodeId } },
    say: (message: StoreMessage) => said.push(message),
  };
  return { host: { session, stir: () => undefined } as unknown as SessionHost, said };
}

/** A node's talk with one peer, which holds `has`; `said` is what the peer hears. */
export function talking(has: readonly string[] = []): Peer & {
  readonly book: DictionaryBook;
  readonly talk: StoreTalk;
  readonly dropped: (readonly string[])[];
} {
  const book = new DictionaryBook(platform);
  const dropped: (readonly string[])[] = [];
  const talk = new StoreTalk({
    book,
    holds: (id) => has.includes(id),
    dropped: (_, ids) => dropped.push(ids),
  });
  const peer = peerNamed("peer");
  talk.opened(peer.host);
  return { book, talk, dropped, ...peer };
}

/** A content id of one digit. */
export const id = (digit: string) => digit.repeat(64);
