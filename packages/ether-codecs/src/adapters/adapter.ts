import type { Ether } from "../ether.js";

/** A kind's major in its namespace: where adapters start and end. spec/xcp.md §19 */
export interface AdapterNode {
  /** Who defines the kind. */
  readonly namespace: string;
  /** What is described. */
  readonly kind: string;
  /** Major version. */
  readonly major: number;
}

/** Cost of an adapter that loses nothing, unless it names its own. spec/xcp.md §19 */
export const LOSSLESS_COST = 10;

/** Cost of a lossy adapter, unless it names its own. spec/xcp.md §19 */
export const LOSSY_COST = 100;

/** Turns Ethers of one kind's major into another. spec/xcp.md §19 */
export interface Adapter {
  /** Unique; breaks ties, and is what lineage records. */
  readonly name: string;
  /** What it takes. */
  readonly from: AdapterNode;
  /** What it gives. */
  readonly to: AdapterNode;
  /** Positive integer; default 10, lossy 100. */
  readonly cost?: number;
  /** Whether something is lost. Default not. */
  readonly lossy?: boolean;
  /** Makes the new Ether; must not change the one it is given. May throw. */
  adapt(ether: Ether): Ether;
}

/** Writes `ns:kind:major`. spec/xcp.md §18 */
export function formatNode(node: AdapterNode): string {
  return `${node.namespace}:${node.kind}:${node.major}`;
}

/** Reads what {@link formatNode} writes; `undefined` for any other text. */
export function parseNode(text: string): AdapterNode | undefined {
  const [, namespace, kind, major] = /^([^:@]+):([^:@]+):(\d{1,5})$/.exec(text) ?? [];
  if (namespace === undefined || kind === undefined) return undefined;
  const number = Number(major);
  return number >= 1 && number <= 0xffff ? { namespace, kind, major: number } : undefined;
}
