import { describe, expect, test } from "@jest/globals";
import { type EngineEvent, type Id64, nullCrypto, Status } from "@proj/dcquic-core";
import { type Faults, type SimHost, World } from "@proj/dcquic-core/sim";
import { formatId } from "#src/wire/id64.js";
import { expectClean } from "../support/settled.js";

const SECOND = 1_000_000;
const CASCADE = 3;

/** Calls by number: whom each waits for. */
type Graph = readonly (readonly number[])[];

const diamond: Graph = [[], [0], [0], [1, 2]];
const fanOut: Graph = [[], ...Array.from({ length: 1000 }, () => [0])];
const chain: Graph = Array.from({ length: 60 }, (_, i) => (i === 0 ? [] : [i - 1]));

/** Everyone who waits for `failed`, also through others. */
function cascadeOf(graph: Graph, failed: number): ReadonlySet<number> {
  const victims = new Set([failed]);
  for (const [number, after] of graph.entries()) {
    if (after.some((earlier) => victims.has(earlier))) victims.add(number);
  }
  return victims;
}

/** Host 0 sends the calls of a graph to the two others in turn; `failed` is refused by who it goes to. */
function runGraph(graph: Graph, failed: number, faults: Faults = {}) {
  const numbers = new Map<string, number>();
  const offered: number[] = [];
  const delivered = new Set<number>();
  const ends = new Map<number, { status: number; rootCause: Id64 | undefined }[]>();
  const tokens: Id64[] = [];
  const onEvent = (host: SimHost, event: EngineEvent): void => {
    if (event.kind === "transferOffered") {
      const number = (event.meta[0] ?? 0) + 256 * (event.meta[1] ?? 0);
      offered.push(number);
      numbers.set(`${host.index} ${formatId(event.transfer)}`, number);
      if (number === failed) host.engine.reject(event.transfer);
      else host.engine.accept(host.nowUs, event.transfer);
    } else if (event.kind === "transferDelivered") {
      delivered.add(numbers.get(`${host.index} ${formatId(event.transfer)}`) ?? -1);
      host.engine.consume(event.transfer);
    } else if (event.kind === "transferFailed" && event.side === "announcer") {
      const number = numbers.get(`0 ${formatId(event.transfer)}`) ?? -1;
      const { status, rootCause } = event;
      ends.set(number, [...(ends.get(number) ?? []), { status, rootCause }]);
    }
  };
  const world = new World({ seed: 5, hosts: 3, crypto: nullCrypto, faults, onEvent });
  const host = world.host(0);
  for (const [number, after] of graph.entries()) {
    const result = host.engine.announce(host.nowUs, world.connect(0, 1 + (number % 2)), {
      shape: 0x30,
      priority: 3,
      messageSeq: 0,
      payload: new Uint8Array(2000).fill(number),
      meta: Uint8Array.of(number, number >> 8),
      track: true,
      after: after.flatMap((earlier) => {
        const token = tokens[earlier];
        return token === undefined ? [] : [{ token, kind: CASCADE }];
      }),
    });
    if (result.kind !== "announced" || result.token === undefined) throw new Error(result.kind);
    tokens.push(result.token);
    numbers.set(`0 ${formatId(result.transfer)}`, number);
  }
  host.pump();
  world.run(30 * SECOND);
  return { world, offered, delivered, ends, root: tokens[failed] };
}

const cases = [
  { name: "a diamond", graph: diamond, nodes: [0, 1, 2, 3] },
  { name: "a fan-out of 1000", graph: fanOut, nodes: [0, 1, 1000] },
  { name: "a chain", graph: chain, nodes: [0, 1, 30, 59] },
].flatMap(({ name, graph, nodes }) => nodes.map((node) => ({ name, graph, node })));

describe("§5, §23: causality between hosts, over links that lose", () => {
  test.each(cases)(
    "$name: the failure of $node takes along who waits for it, once, and nobody else",
    ({ graph, node }) => {
      const { world, offered, delivered, ends, root } = runGraph(graph, node, { loss: 0.05 });
      const victims = cascadeOf(graph, node);
      const others = graph.map((_, number) => number).filter((number) => !victims.has(number));
      expect(delivered).toEqual(new Set(others));
      expect(new Set(ends.keys())).toEqual(victims);
      for (const [number, told] of ends) {
        const isRoot = number === node;
        const status = isRoot ? Status.Cancelled : Status.DependencyFailed;
        expect(told).toEqual([{ status, rootCause: isRoot ? undefined : root }]);
      }
      for (const [number, after] of graph.entries()) {
        if (!offered.includes(number)) continue;
        for (const earlier of after) {
          expect(offered.indexOf(earlier)).toBeLessThan(offered.indexOf(number));
        }
      }
      expectClean({ world });
    },
  );
});
