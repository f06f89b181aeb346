import { describe, expect, test } from "@jest/globals";
import { deserialize, RpcTarget, serialize } from "@proj/capnweb-rpc";
import * as reference from "capnweb";

const cyclicError = new Error("round");
cyclicError.cause = cyclicError;
const cyclic: Record<string, unknown> = {};
cyclic["again"] = cyclic;
class Named extends Error {
  override readonly name = "Named";
}

const values: [string, unknown][] = [
  ["undefined", undefined],
  ["null", null],
  ["minus zero", -0],
  ["NaN", NaN],
  ["infinity", [Infinity, -Infinity]],
  ["bigints", [0n, -5n, 2n ** 80n]],
  ["a date", new Date(5)],
  ["an invalid date", new Date(NaN)],
  ["an empty array", []],
  ["nested arrays", [[], [[1]], { a: [1] }]],
  ["an array with a hole", [1, , 3]], // oxlint-disable-line no-sparse-arrays
  ["members that are filtered on arrival", { toString: 1, constructor: 2, toJSON: 3, a: 4 }],
  ["an own __proto__", JSON.parse('{"__proto__":1,"a":2}')],
  ["bytes", new Uint8Array([1, 2])],
  ["a view into a buffer", new Uint8Array([1, 2, 3, 4]).subarray(1, 3)],
  ["a Buffer", Buffer.from("hi")],
  ["no bytes", new Uint8Array()],
  ["an ArrayBuffer", new ArrayBuffer(2)],
  ["a DataView", new DataView(new ArrayBuffer(3))],
  ["16-bit integers", new Int16Array([1, -2])],
  ["clamped bytes", new Uint8ClampedArray([1])],
  ["64-bit integers", new BigInt64Array([1n, -1n])],
  ["doubles", new Float64Array([2.5])],
  ["a URL", new URL("http://a/b")],
  ["headers", new Headers({ A: "b" })],
  ["a request", new Request("http://a/b", { method: "POST", headers: { x: "y" } })],
  ["an unusual request", new Request("http://a/b", { cache: "no-store", redirect: "error" })],
  ["a response", new Response(null, { status: 201, statusText: "hm", headers: { a: "b" } })],
  ["an error", new TypeError("wrong")],
  ["an error with a code", Object.assign(new Error("p"), { code: 1, more: [1] })],
  ["a derived error", new Named("n")],
  ["a cause", new Error("c", { cause: new RangeError("d") })],
  ["an aggregate", new AggregateError([new Error("q"), 1], "agg")],
  ["an error with a function", Object.assign(new Error("f"), { f: () => 1, g: 1 })],
  ["lone surrogates", "a\u2028b\ud800"],
];

const refused: [string, () => unknown][] = [
  ["a map", () => new Map()],
  ["a symbol", () => Symbol("x")],
  ["a promise", () => Promise.resolve(1)],
  ["an object without prototype", () => Object.create(null)],
  ["a derived array", () => new (class extends Array {})()],
  ["a boxed number", () => Object(5)],
  ["a cycle", () => cyclic],
  ["a function", () => () => 1],
  ["a target", () => new RpcTarget()],
  ["a readable stream", () => new ReadableStream()],
  ["a writable stream", () => new WritableStream()],
  ["a blob", () => new Blob(["x"])],
  ["a response with a body", () => new Response("body")],
  ["a regular expression", () => /re/],
];

function outcome(run: () => unknown): unknown {
  try {
    return { value: comparable(run()) };
  } catch (error) {
    return { name: (error as Error).name, message: (error as Error).message };
  }
}

/** Requests, responses and invalid dates say nothing to a deep comparison. */
function comparable(value: unknown): unknown {
  if (value instanceof Date) return value.getTime();
  if (value instanceof Request) return [value.url, value.method, [...value.headers]];
  if (value instanceof Response) return [value.status, [...value.headers], value.body === null];
  return value;
}

describe("serialize", () => {
  test.each(values)("writes %s as the reference does", (_, value) => {
    expect(serialize(value)).toBe(reference.serialize(value));
  });

  test.each(refused)("refuses %s as the reference does", (_, make) => {
    const value = make();
    const theirs = value instanceof RpcTarget ? new reference.RpcTarget() : value;
    expect(outcome(() => serialize(value))).toEqual(outcome(() => reference.serialize(theirs)));
  });

  test("leaves out of an error what leads back to it", () => {
    expect(serialize(cyclicError)).toBe('["error","Error","round"]');
  });

  test("leaves out a property of an error that throws when read", () => {
    const error = Object.defineProperty(new Error("e"), "bad", {
      enumerable: true,
      get: () => {
        throw new Error("no");
      },
    });
    expect(serialize(error)).toBe('["error","Error","e"]');
  });

  test.each([254, 255, 256])("nests %d levels as the reference does", (levels) => {
    let value: unknown = 0;
    for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { a: value };
    expect(outcome(() => serialize(value))).toEqual(outcome(() => reference.serialize(value)));
  });
});

// Where the two differ on purpose, the reference takes more than decimal digits for a bigint.
const texts = [
  "[]",
  "[1]",
  '["x"]',
  "[[1],2]",
  "[[[]]]",
  "[[]]",
  '["undefined"]',
  '["undefined",1]',
  '["inf",1]',
  '["-inf"]',
  '["nan"]',
  '["bigint","12"]',
  '["bigint","-12",3]',
  '["bigint",12]',
  `["bigint","${"9".repeat(16_385)}"]`,
  '["date",5,6]',
  '["date",null]',
  '["date","x"]',
  '["date"]',
  '["bytes","AQI"]',
  '["bytes","-_8="]',
  '["bytes","A Q I"]',
  '["bytes","!!"]',
  '["bytes","AQI","Uint8Array",1]',
  '["bytes","AQI","Int16Array"]',
  '["bytes","AQ","Int16Array"]',
  '["bytes","AQI","Foo"]',
  '["bytes","AQI",5]',
  '["bytes",5]',
  '["error","Foo","m"]',
  '["error","constructor","m"]',
  '["error","TypeError","m","st"]',
  '["error","TypeError","m",5]',
  '["error","Error","m",null,{"a":1,"cause":["error","Error","c"],"toString":5,"message":"no"}]',
  '["error","AggregateError","m",null,{"errors":[[1]]}]',
  '["error","Error","m",null,5]',
  '["error","Error","m",null,[1]]',
  '["error","Error"]',
  '["error",5,"x"]',
  '["error","Error","m",null,{},1]',
  '["url","http://x/"]',
  '["url","nope"]',
  '["url","http://x/",1]',
  '["headers",[["a","b"]]]',
  '["headers",[["a"]]]',
  '["headers",{"a":"b"}]',
  '["request","http://x/",{"method":"POST","body":"hi"}]',
  '["request","http://x/",{"method":"POST","body":5}]',
  '["request","http://x/",{"headers":{"a":"b"}}]',
  '["request","http://x/",null]',
  '["response","x",{"status":404,"headers":[["a","b"]]}]',
  '["response",5,{}]',
  '["response",null,{"headers":{}}]',
  '["response",null,{"webSocket":1}]',
  '["response",["bytes","AQI"],{}]',
  '["readable",1]',
  '["writable",-1]',
  '["export",-1]',
  '["import",1]',
  '["remap",1,[],[],[1]]',
  '{"__proto__":1,"a":2,"toJSON":3,"constructor":4}',
  '{"a":[1]}',
  "nope",
];

describe("deserialize", () => {
  test.each(texts)("reads %s as the reference does", (text) => {
    expect(outcome(() => deserialize(text))).toEqual(outcome(() => reference.deserialize(text)));
  });

  test.each(["0x10", " 5 ", "", "z", "--1"])("takes no bigint from %j", (digits) => {
    expect(() => deserialize(JSON.stringify(["bigint", digits]))).toThrow("unknown special value");
  });

  test.each([255, 256])("nests %d levels as the reference does", (levels) => {
    const text = `${"[[".repeat(levels)}0${"]]".repeat(levels)}`;
    expect(outcome(() => deserialize(text))).toEqual(outcome(() => reference.deserialize(text)));
  });

  test("makes the classes that were written", () => {
    const value = deserialize(
      serialize([new Int16Array([1, -2]), new TypeError("t"), new Date(7)]),
    );
    expect(value).toEqual([new Int16Array([1, -2]), new TypeError("t"), new Date(7)]);
    expect((value as unknown[])[1]).toBeInstanceOf(TypeError);
  });
});
