import {
  type Converter,
  fnv1a32,
  holdsMinor,
  kindIdsOf,
  type KindRange,
  minorsOf,
} from "@proj/wire-types";
import { EtherError } from "../errors.js";
import type { SchemaRegistry } from "../schema/schema-registry.js";
import {
  type Adapter,
  type AdapterNode,
  formatNode,
  LOSSLESS_COST,
  LOSSY_COST,
} from "./adapter.js";
import { cheapestPath, type Edge } from "./cheapest-path.js";
import { agreeSchema } from "./agree-schema.js";

/** Most adapters in one path. spec/xcp.md §19 */
const MAX_HOPS = 8;

/** Highest cost of a path. spec/xcp.md §19 */
const MAX_COST = 1000;

/** Cost of moving between minors of a major. spec/xcp.md §19 */
const MINOR_COST = 1;

/** What a converter at the peer costs beyond its own cost. spec/xcp.md §19 */
const PEER_COST = 5;

/** Where a path may lead, and over what. */
export interface PlanOptions {
  /** What the peer accepts; empty = everything. §6 */
  readonly accepts: readonly KindRange[];
  /** Whether lossy adapters may be used. Default not. */
  readonly allowLossy?: boolean;
  /** Adapters that the peer runs. */
  readonly converters?: readonly Converter[];
}

/** Where an Ether stands: its node, and its minor where known. */
export interface PlanStart extends AdapterNode {
  /** Default the newest registered. */
  readonly minor?: number;
}

/** The way from an Ether to what a peer accepts. */
export interface AdapterPlan {
  /** Adapters to run here, in order. */
  readonly adapters: readonly Adapter[];
  /** Converters that the peer then runs, in order. */
  readonly converters: readonly Converter[];
  /** What is sent: the node after the last adapter here. */
  readonly target: AdapterNode;
  /** The minor to send, where `target` is registered and its minor matters. */
  readonly minor?: number;
  /** Total cost. */
  readonly cost: number;
}

type Step =
  | { readonly kind: "adapter"; readonly adapter: Adapter }
  | { readonly kind: "converter"; readonly converter: Converter };

/** Knows adapters and finds the cheapest way over them. spec/xcp.md §19 */
export class AdapterGraph {
  readonly #schemas: SchemaRegistry;
  readonly #adapters = new Map<string, Adapter>();
  readonly #from = new Map<string, Adapter[]>();

  /** `schemas` says which minors of a kind exist. */
  constructor(schemas: SchemaRegistry, adapters: Iterable<Adapter> = []) {
    this.#schemas = schemas;
    for (const adapter of adapters) this.add(adapter);
  }

  /** Adds an adapter. @throws RangeError for a duplicate name, a cost that is no positive integer, or equal ends. */
  add(adapter: Adapter): void {
    const { name, from, to, cost } = adapter;
    if (name === "" || this.#adapters.has(name)) {
      throw new RangeError(`an adapter is called ${JSON.stringify(name)} already, or not at all`);
    }
    if (cost !== undefined && !(Number.isSafeInteger(cost) && cost > 0)) {
      throw new RangeError(`adapter ${name}: cost ${cost} is no positive integer`);
    }
    if (formatNode(from) === formatNode(to)) {
      throw new RangeError(`adapter ${name} leads from ${formatNode(from)} to itself`);
    }
    this.#adapters.set(name, adapter);
    const leaving = this.#from.get(formatNode(from)) ?? [];
    this.#from.set(formatNode(from), [...leaving, adapter]);
  }

  /**
   * Finds the cheapest way to anything the peer accepts.
   *
   * Adapters run here before any converter runs at the peer; ties go to fewer hops, then to the smaller names.
   *
   * @throws EtherError `ether.no_adapter` when there is none within 8 hops and cost 1000.
   */
  plan(start: PlanStart, options: PlanOptions): AdapterPlan {
    const places = new Map<string, Place>();
    const enter = (place: Place): string => {
      const id = `${place.atPeer ? "peer" : "here"}|${placeName(place)}`;
      places.set(id, place);
      return id;
    };
    const converters = convertersByStart(options.converters ?? []);
    const origin: Place = { node: start, ...hashed(start), atPeer: false };
    const path = cheapestPath<Step>({
      start: enter({ ...origin, minor: start.minor ?? this.#newestMinor(start) }),
      edges: (id) => this.#edges(places.get(id), options, converters, enter),
      endCost: (id) => this.#endCost(places.get(id), options.accepts),
      maxHops: MAX_HOPS,
      maxCost: MAX_COST,
    });
    if (path === undefined) {
      throw new EtherError(
        "ether.no_adapter",
        `no way from ${formatNode(start)} to what the peer accepts`,
      );
    }
    return this.#planOf(start, path.steps, path.cost, options.accepts);
  }

  *#edges(
    place: Place | undefined,
    options: PlanOptions,
    converters: ReadonlyMap<string, readonly Converter[]>,
    enter: (place: Place) => string,
  ): Iterable<Edge<Step>> {
    if (place === undefined) return;
    if (place.node !== undefined && !place.atPeer) {
      for (const adapter of this.#from.get(formatNode(place.node)) ?? []) {
        if (adapter.lossy === true && options.allowLossy !== true) continue;
        const { to, name } = adapter;
        const minor = this.#newestMinor(to);
        yield {
          to: enter({ node: to, ...hashed(to), minor, atPeer: false }),
          cost: costOf(adapter),
          name,
          step: { kind: "adapter", adapter },
        };
      }
    }
    for (const converter of converters.get(startOf(place.kindId, place.major)) ?? []) {
      yield {
        to: enter({ kindId: converter.toKind, major: converter.toMajor, atPeer: true }),
        cost: converter.cost + PEER_COST,
        name: `peer:${converter.toKind}:${converter.toMajor}`,
        step: { kind: "converter", converter },
      };
    }
  }

  // A minor outside the accepted range costs one move, to a registered minor inside it.
  #endCost(place: Place | undefined, accepts: readonly KindRange[]): number | undefined {
    if (place === undefined) return undefined;
    const minors = minorsOf(accepts, place.kindId, place.major);
    if (minors.length === 0) return undefined;
    if (place.node === undefined || place.minor === undefined) return 0;
    if (holdsMinor(minors, place.minor)) return 0;
    return this.#acceptedMinor(place.node, accepts) === undefined ? undefined : MINOR_COST;
  }

  #planOf(
    start: PlanStart,
    steps: readonly Step[],
    cost: number,
    accepts: readonly KindRange[],
  ): AdapterPlan {
    const adapters = steps.flatMap((step) => (step.kind === "adapter" ? [step.adapter] : []));
    const converters = steps.flatMap((step) => (step.kind === "converter" ? [step.converter] : []));
    const target = adapters.at(-1)?.to ?? start;
    const { namespace, kind, major } = target;
    const plan = { adapters, converters, target: { namespace, kind, major }, cost };
    const own = adapters.length === 0 ? start.minor : undefined;
    const minor = own ?? this.#newestMinor(target);
    if (minor === undefined) return plan;
    // What the peer converts first need not be what it accepts.
    const fits =
      converters.length > 0 || holdsMinor(minorsOf(accepts, fnv1a32(kind), major), minor);
    return { ...plan, minor: fits ? minor : (this.#acceptedMinor(target, accepts) ?? minor) };
  }

  #newestMinor({ kind, major, namespace }: AdapterNode): number | undefined {
    return this.#schemas.latest(kind, major, namespace)?.minor;
  }

  #acceptedMinor(node: AdapterNode, accepts: readonly KindRange[]): number | undefined {
    return agreeSchema(this.#schemas, node, [], accepts)?.minor;
  }
}

// A kind's major here, or one at the peer of which only the number is known.
interface Place {
  readonly node?: AdapterNode;
  readonly kindId: number;
  readonly major: number;
  readonly minor?: number | undefined;
  readonly atPeer: boolean;
}

// Converters by what they take; those whose cost is no positive integer are left out.
function convertersByStart(
  converters: readonly Converter[],
): ReadonlyMap<string, readonly Converter[]> {
  const byStart = new Map<string, Converter[]>();
  for (const converter of converters) {
    if (!Number.isSafeInteger(converter.cost) || converter.cost <= 0) continue;
    const start = startOf(converter.fromKind, converter.fromMajor);
    const same = byStart.get(start);
    if (same === undefined) byStart.set(start, [converter]);
    else same.push(converter);
  }
  return byStart;
}

// A published number and the hash it is an alias of are one start.
function startOf(kindId: number, major: number): string {
  return `${kindIdsOf(kindId).at(-1)}:${major}`;
}

function hashed(node: AdapterNode): { readonly kindId: number; readonly major: number } {
  return { kindId: fnv1a32(node.kind), major: node.major };
}

function placeName(place: Place): string {
  return place.node === undefined ? `#${place.kindId}:${place.major}` : formatNode(place.node);
}

function costOf(adapter: Adapter): number {
  return adapter.cost ?? (adapter.lossy === true ? LOSSY_COST : LOSSLESS_COST);
}
