import { expect, test } from "@jest/globals";
import { type EngineEvent, id64, nullCrypto, type PathId } from "@proj/dcquic-core";
import { World } from "@proj/dcquic-core/sim";
import { type EventSink, tellEngineEvent } from "#src/events/engine-events.js";
import { Shape } from "#src/wire/constants.js";

const PAYLOAD = Uint8Array.of(1, 2, 3);
const SECOND = 1_000_000;

type Offer = EngineEvent & { readonly kind: "transferOffered" };

interface Told {
  readonly kinds: readonly string[];
  readonly offer: Offer;
  readonly entries: readonly number[];
}

// One message from host 0 to host 1, and what both are told.
function carry(
  shape: number,
  payload: Uint8Array,
  answer: (offer: Offer, world: World) => void,
): Told {
  const kinds: string[] = [];
  const offers: Offer[] = [];
  const world: World = new World({
    seed: 3,
    hosts: 2,
    crypto: nullCrypto,
    onEvent: (host, event) => {
      kinds.push(`${host.index} ${event.kind}`);
      if (event.kind === "transferDelivered") host.engine.consume(event.transfer);
      if (event.kind !== "transferOffered") return;
      offers.push(event);
      answer(event, world);
    },
  });
  const path = world.connect(0, 1);
  const host = world.host(0);
  host.engine.announce(host.nowUs, path, { shape, priority: 3, messageSeq: 0, payload });
  host.pump();
  world.run(SECOND);
  const [offer] = offers;
  if (offer === undefined) throw new Error("nothing was offered");
  return { kinds, offer, entries: world.hosts.map(({ engine }) => engine.stats.entries) };
}

const consume = ({ transfer }: Offer, world: World): void => world.host(1).engine.consume(transfer);
const accept = ({ transfer }: Offer, world: World): void => {
  const host = world.host(1);
  host.engine.accept(host.nowUs, transfer);
};

test("the only message of a direction is offered with its bytes where they rode, and used without being accepted", () => {
  const { kinds, offer, entries } = carry(Shape.Open | Shape.End, PAYLOAD, consume);
  expect(offer.whole).toEqual(PAYLOAD);
  expect(kinds).toEqual(["1 transferOffered", "0 transferDrained"]);
  expect(entries).toEqual([0, 0]);
});

test("who accepts it is told of its delivery as of any other", () => {
  const { kinds, offer } = carry(Shape.Open | Shape.End, PAYLOAD, accept);
  expect(offer.whole).toEqual(PAYLOAD);
  expect(kinds).toContain("1 transferDelivered");
});

test("what others follow, headers, and what has to be pulled are offered without bytes", () => {
  expect(carry(Shape.Open, PAYLOAD, accept).offer.whole).toBeUndefined();
  const headers = Shape.Open | Shape.End | Shape.Headers;
  expect(carry(headers, PAYLOAD, accept).offer.whole).toBeUndefined();
  expect(carry(Shape.Open | Shape.End, new Uint8Array(5000), accept).offer.whole).toBeUndefined();
});

test("an offered transfer without its bytes cannot be used", () => {
  expect(() => carry(Shape.Open | Shape.End, new Uint8Array(5000), consume)).toThrow(TypeError);
});

test("subscribers are told of the delivery of what was offered whole", () => {
  const { offer } = carry(Shape.Open | Shape.End, PAYLOAD, consume);
  const kinds: (readonly [string, unknown])[] = [];
  const sink: EventSink = {
    wants: () => true,
    emit: ({ kind, details }) => void kinds.push([kind, details?.["byteLength"]]),
  };
  tellEngineEvent(sink, 1, 0, offer);
  expect(kinds).toEqual([
    ["transfer.offered", undefined],
    ["transfer.delivered", 3],
  ]);
});

test("subscribers are told that what drained with the peer's first word was accepted", () => {
  const path = 3 as PathId;
  const transfer = id64(1, 2);
  const kinds: string[] = [];
  const sink: EventSink = { wants: () => true, emit: ({ kind }) => kinds.push(kind) };
  for (const isFirstWord of [true, false]) {
    tellEngineEvent(sink, 1, 0, { kind: "transferDrained", path, transfer, isFirstWord });
  }
  expect(kinds).toEqual(["transfer.accepted", "transfer.drained", "transfer.drained"]);
});
