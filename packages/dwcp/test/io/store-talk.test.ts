// What peers may say about baselines and dictionaries, without sockets: nothing of it ends a session.
import { describe, expect, test } from "@jest/globals";
import { platform } from "../support/hde.js";
import { id, talking } from "../support/talking.js";

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
});
