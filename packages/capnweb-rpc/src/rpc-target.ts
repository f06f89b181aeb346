/**
 * Marks the classes whose instances cross by reference: the peer gets a stub, the object stays here.
 *
 * Methods and getters of the prototype can be reached by the peer; own properties cannot.
 * spec/capnweb.md §1.2, §7.3
 */
export class RpcTarget {
  /**
   * Exists for the compiler alone, to which every object would be a target otherwise. The name is that of Workers'
   * own targets: either may stand where the other is asked for.
   */
  declare readonly __RPC_TARGET_BRAND: never;
}

type AnyClass = abstract new (...args: never[]) => object;

let admitted: AnyClass | undefined;

/** Lets instances of another class cross by reference too: a runtime may bring its own base class. */
export function admitTargets(base: AnyClass): void {
  admitted = base;
}

/** Tells whether `value` crosses by reference because of its class. */
export function isTarget(value: object): boolean {
  return value instanceof RpcTarget || (admitted !== undefined && value instanceof admitted);
}
