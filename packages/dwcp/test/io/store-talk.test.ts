// What peers may say about baselines and dictionaries, without sockets: nothing of it ends a session.
import { describe, expect, test } from "@jest/globals";
import { DictionaryBook, MAX_DICTIONARY_BYTES } from "@proj/dwcp";
import { StoreTalk } from "#src/io/transfer/store-talk.js";
import type { SessionHost } from "#src/io/net/session-host.js";
import type { StoreMessage } from "#src/session/session-events.js";
import fc from "fast-check";
import { fuzzRuns } from "../../../../tools/jest/fuzz-runs.js";
import { platform } from "../support/hde.js";

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

function talking(has: readonly string[] = []) {
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

const id = (digit: string) => digit.repeat(64);

describe("B12: baselines", () => {
  test("are answered for, and the answer to a question is put together from parts", async () => {
    const { talk, host, said, dropped } = talking([id("a")]);
    talk.hear(host, { kind: "BASELINE_QUERY", ids: [id("a"), id("b")] });
    expect(said.pop()).toEqual({ kind: "BASELINE_STATE", present: [id("a")], missing: [id("b")] });
    const answer = talk.query(host, [id("c"), id("d")]);
    expect(said.at(-1)).toEqual({ kind: "BASELINE_QUERY", ids: [id("c"), id("d")] });
    talk.hear(host, { kind: "BASELINE_STATE", present: [id("d"), id("e")], missing: [] });
    // A new stream: what is open is asked again.
    talk.opened(host);
    expect(said.at(-1)).toEqual({ kind: "BASELINE_QUERY", ids: [id("c")] });
    talk.hear(host, { kind: "BASELINE_STATE", present: [], missing: [id("c")] });
    expect(await answer).toMatchObject({ present: [id("d")], missing: [id("c")] });
    talk.hear(host, { kind: "BASELINE_DROP", ids: [id("a")] });
    expect(dropped).toEqual([[id("a")]]);
    talk.drop([id("f")]);
    expect(said.at(-1)).toEqual({ kind: "BASELINE_DROP", ids: [id("f")] });
  });
});

describe("B11: dictionaries", () => {
  test("go out once, however often they are asked for", () => {
    const { book, talk, host, said } = talking();
    const bytes = new Uint8Array(100_000).fill(1);
    const name = Buffer.from(platform.sha256(bytes)).toString("hex");
    book.add("class", { id: name, bytes });
    talk.offerDictionaries();
    expect(said.pop()).toMatchObject({ kind: "DICT_OFFER", id: name });
    talk.hear(host, { kind: "DICT_STATE", have: [], need: [name, name] });
    const parts = said.splice(0).filter(({ kind }) => kind === "DICT_DATA");
    expect(parts.length).toBe(4);
    talk.hear(host, { kind: "DICT_STATE", have: [], need: [name] });
    expect(said).toEqual([]);
  });

  test("are taken in bounds, and what makes no sense is ignored", () => {
    const hexId = fc.constantFrom(id("a"), id("b"), id("c"), id("d"));
    const ids = fc.array(hexId, { maxLength: 4 });
    const message: fc.Arbitrary<StoreMessage> = fc.oneof(
      fc.record({ kind: fc.constant("DICT_STATE" as const), have: ids, need: ids }),
      fc.record({
        kind: fc.constant("DICT_OFFER" as const),
        id: fc
          .uint8Array({ minLength: 32, maxLength: 32 })
          .map((bytes) => Buffer.from(bytes).toString("hex")),
        resourceClass: fc.string({ maxLength: 8 }),
        length: fc.nat(2 * MAX_DICTIONARY_BYTES),
      }),
      fc.record({
        kind: fc.constant("DICT_DATA" as const),
        id: hexId,
        offset: fc.nat(200_000),
        data: fc.base64String({ maxLength: 100 }),
      }),
      fc.record({ kind: fc.constant("BASELINE_QUERY" as const), ids }),
      fc.record({ kind: fc.constant("BASELINE_DROP" as const), ids }),
      fc.record({ kind: fc.constant("BASELINE_STATE" as const), present: ids, missing: ids }),
    );
    fc.assert(
      fc.property(fc.array(message, { maxLength: 60 }), (messages) => {
        const { talk, host, said } = talking([id("a")]);
        for (const each of messages) talk.hear(host, each);
        expect(said.length).toBeLessThanOrEqual(messages.length);
      }),
      fuzzRuns(100),
    );
  });
});
