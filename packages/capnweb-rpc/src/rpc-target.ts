/**
 * Marks the classes whose instances cross by reference: the peer gets a stub, the object stays here.
 *
 * Methods and getters of the prototype can be reached by the peer; own properties cannot.
 * spec/capnweb.md §1.2, §7.3
 */
// oxlint-disable-next-line typescript/no-extraneous-class -- what is marked is derived from it
export class RpcTarget {}
