import { expect, test } from "@jest/globals";
import {
  RpcPromise,
  type RpcResult,
  RpcSession,
  RpcStub,
  RpcTarget,
  type RpcTransport,
} from "@proj/capnweb-rpc";

/** Compiles only where both types are the same. */
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? "same" : "different") : "different";
function same<A, B>(_verdict: Same<A, B>): void {
  // The compiler has spoken.
}

interface Point {
  x: number;
  y?: number | undefined;
}
interface Shape {
  points: Point[];
  extra: unknown;
  pair: [string, Date];
  [Symbol.iterator]?: unknown;
}
class Room extends RpcTarget {
  name(): string {
    return "room";
  }
}
class Api extends RpcTarget {
  shape(): Shape {
    return { points: [{ x: 1 }], extra: 5, pair: ["a", new Date(1)] };
  }
  room(): Room {
    return new Room();
  }
  rooms(): { list: Room[]; count: number } {
    return { list: [new Room()], count: 1 };
  }
  stubLater(): Promise<RpcStub<Room>> {
    return Promise.resolve(new RpcStub(new Room()));
  }
  targetLater(): Promise<Room> {
    return Promise.resolve(new Room());
  }
  subscribe(listener: (event: Point, count: number) => void, label?: string): string {
    listener({ x: 1 }, 2);
    return label ?? "none";
  }
  optional(listener?: (n: number) => void): boolean {
    return listener !== undefined;
  }
  enter(room: Room, at: Point): string {
    return `${room.name()} ${at.x}`;
  }
  sum(...numbers: number[]): number {
    return numbers.reduce((a, b) => a + b, 0);
  }
  // oxlint-disable-next-line typescript/no-explicit-any -- that any stays usable is what is shown
  loose(value: any): any {
    return value;
  }
  get info(): Point {
    return { x: 3 };
  }
  maybe(): Point | undefined {
    return undefined;
  }
  bytes(): Uint8Array {
    return new Uint8Array(1);
  }
}

test("results are what arrives: values, stubs of targets, disposable objects", async () => {
  const api = new RpcStub(new Api());
  const shape = await api.shape();
  same<(typeof shape)["points"], Point[]>("same");
  same<(typeof shape)["pair"], [string, Date]>("same");
  shape[Symbol.dispose]();
  const rooms = await api.rooms();
  const room: RpcStub<Room> | undefined = rooms.list[0];
  expect(await room?.name()).toBe("room");
  const bytes = await api.bytes();
  same<typeof bytes, Uint8Array>("same");
  const count: number = await api.rooms().count;
  expect(count).toBe(1);
  same<RpcResult<string>, string>("same");
  same<RpcResult<number | undefined>, number | undefined>("same");
});

test("a promise of a stub types like a promise of its target", async () => {
  const api = new RpcStub(new Api());
  const one: string = await api.stubLater().name();
  const two: string = await api.targetLater().name();
  const three: string = await api.room().name();
  expect([one, two, three]).toEqual(["room", "room", "room"]);
});

test("a function given as an argument knows the types of its parameters", async () => {
  const api = new RpcStub(new Api());
  const seen: number[] = [];
  await api.subscribe((event, count) => {
    same<typeof event, Point>("same");
    seen.push(event.x + count);
  });
  await api.optional((n) => void seen.push(n));
  const listener = new RpcStub((event: Point, _count: number): void => void seen.push(event.x));
  // oxlint-disable-next-line typescript/no-misused-promises -- nobody waits for a listener
  await api.subscribe(listener, "labelled");
  expect(seen).toContain(3);
});

test("parameters take values, promises and stubs", async () => {
  const api = new RpcStub(new Api());
  const room = api.room();
  expect(await api.enter(room, { x: api.info.x })).toMatch(/room|Rpc/);
  expect(await api.enter(await room, api.info)).toBeDefined();
  expect(await api.sum(1, api.info.x, new RpcPromise(Promise.resolve(2)))).toBe(6);
});

test("any and unknown stay usable", async () => {
  const api = new RpcStub(new Api());
  // What is declared as anything arrives as something unknown.
  const loose: unknown = await api.loose({ a: 1 });
  expect(loose).toEqual({ a: 1 });
  const extra: unknown = (await api.shape()).extra;
  expect(extra).toBe(5);
  const [near] = lines();
  const untyped = new RpcSession(near).getRemoteMain();
  expect(String(untyped)).toBe("[object RpcStub]");
});

test("what must not compile does not", () => {
  const api = new RpcStub(new Api());
  const unused = (): void => {
    // @ts-expect-error -- a property is not a method
    void api.info();
    // @ts-expect-error -- a point has no z
    void api.info.z;
    // @ts-expect-error -- a room is no point
    void api.enter(api.room(), api.room());
    // @ts-expect-error -- numbers only
    void api.sum("1");
    // @ts-expect-error -- a listener takes a point first
    void api.subscribe((event: string) => void event);
    // @ts-expect-error -- stubs cannot be assigned to
    api.info = { x: 1 };
    // @ts-expect-error -- the mapper of an array gets an element
    void api.shape().points.map((point) => point.nope);
  };
  expect(typeof unused).toBe("function");
});

function lines(): [RpcTransport] {
  return [{ send: () => undefined, receive: () => new Promise<string>(() => undefined) }];
}
