import { expect, test } from "@jest/globals";
import {
  type Adapter,
  type Attachment,
  AttachmentRef,
  classifyValue,
  type CodecContext,
  createEther,
  type Ether,
  type EtherCode,
  type EtherCodec,
  EtherError,
  jsonCodec,
  resolveEtherLimits,
  textEther,
  type Value,
} from "@proj/ether-codecs";
import { TensorView } from "@proj/wire-types";

const ether: Ether = textEther("hello");

test("an Ether is read-only, its values are those that travel", () => {
  // @ts-expect-error -- a kind cannot be changed
  const kind = (): void => void (ether.kind = "note");
  // @ts-expect-error -- nor a payload
  const payload = (): void => void (ether.payload["text"] = "other");
  const values: Value[] = [
    null,
    true,
    1,
    1n,
    "text",
    new Uint8Array(1),
    new Float32Array(1),
    new TensorView("bool", [1], new Uint8Array(1)),
    new AttachmentRef("a"),
    [1, ["two"]],
    { three: 3 },
    // @ts-expect-error -- a date has no form on the wire
    new Date(0),
    // @ts-expect-error -- nor has what is absent
    undefined,
  ];
  expect([kind, payload, ...values]).toHaveLength(15);
});

test("an Ether needs a kind and a payload, and nothing that nobody knows", () => {
  const whole = createEther({ kind: "note", payload: { text: "hello" } });
  // @ts-expect-error -- no payload
  expect(() => createEther({ kind: "note" })).toThrow(EtherError);
  // @ts-expect-error -- no such member
  const more = (): Ether => createEther({ kind: "note", payload: {}, author: "me" });
  const attachment: Attachment = { id: "a", uri: "shm://a/b" };
  // @ts-expect-error -- an attachment has an id
  const nameless: Attachment = { uri: "shm://a/b" };
  expect([whole, more, attachment, nameless]).toHaveLength(4);
});

test("a value is narrowed by what it is", () => {
  const known = classifyValue("text");
  const text: string | undefined = known?.kind === "string" ? known.value : undefined;
  // @ts-expect-error -- it may be anything that travels
  const wrong: string | undefined = known?.value;
  expect([text, wrong]).toEqual(["text", "text"]);
});

test("a codec turns Ethers into a body and back", () => {
  const codec: EtherCodec = jsonCodec;
  const context: CodecContext = {};
  const body: Uint8Array = codec.encode([ether], context).body;
  const back: readonly Ether[] = codec.decode(body, context);
  // @ts-expect-error -- several, or a list of one
  const single = (): unknown => codec.encode(ether, context);
  expect([back.length, single]).toHaveLength(2);
});

test("errors carry a code of the table, limits are a closed list, adapters name their ends", () => {
  const code: EtherCode = new EtherError("ether.validation", "wrong").code;
  // @ts-expect-error -- no such code
  expect(() => new EtherError("ether.nothing", "")).toThrow();
  // @ts-expect-error -- no such limit
  expect(() => resolveEtherLimits({ maxNothing: 1 })).toThrow(RangeError);
  const end = { namespace: "n", kind: "a", major: 1 };
  // @ts-expect-error -- an adapter leads somewhere
  const adapter: Adapter = { name: "x", from: end, adapt: (given) => given };
  expect([code, adapter]).toHaveLength(2);
});
