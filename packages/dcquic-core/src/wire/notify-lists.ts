import { WireLimit } from "./constants.js";
import { type Id64, id64 } from "./id64.js";
import { malformed, type WireReader } from "./wire-reader.js";
import type { WireWriter } from "./wire-writer.js";

/** A transfer that the announced one waits for, on the same path. spec/dcquic.md §5 */
export interface WireDependency {
  /** The worker that announced it. */
  worker: number;
  /** Its number among that worker's announcements. */
  notifySeq: number;
  /** Dependency kind, 0 to 3. */
  kind: number;
}

/** What an entry waits for. Mutable and reused. */
export interface DependencyList {
  /** DEPS: how many of {@link DependencyList.deps} count. */
  depCount: number;
  /** Room for as many dependencies as an entry may carry. */
  readonly deps: readonly WireDependency[];
}

/** Where an RMA provider finds the bytes. §16.3 */
export interface RmaDescriptor {
  /** Index of the NIC. */
  nic: number;
  /** Family of the provider. */
  provider: number;
  /** Remote key. */
  readonly rkey: Id64;
  /** Base address. */
  readonly base: Id64;
}

/** What opens the bytes of an entry to reads. Mutable and reused. */
export interface RmaList {
  /** RMA: how many of {@link RmaList.rma} count. */
  rmaCount: number;
  /** Room for as many descriptors as an entry may carry. */
  readonly rma: readonly RmaDescriptor[];
}

const LAST_DEPENDENCY_KIND = 3;

/** Makes room for as many dependencies as an entry may carry. */
export function dependencies(): readonly WireDependency[] {
  return Array.from({ length: WireLimit.maxDeps }, () => ({ worker: 0, notifySeq: 0, kind: 0 }));
}

/** Makes room for as many descriptors as an entry may carry. */
export function rmaDescriptors(): readonly RmaDescriptor[] {
  return Array.from({ length: WireLimit.maxRma }, () => ({
    nic: 0,
    provider: 0,
    rkey: id64(),
    base: id64(),
  }));
}

/** Writes the dependencies of an entry. */
export function encodeDeps(writer: WireWriter, entry: DependencyList): void {
  writer.varint(entry.depCount);
  for (let i = 0; i < entry.depCount; i++) {
    const dep = itemAt(entry.deps, i);
    writer.u8(dep.worker);
    writer.counter(dep.notifySeq);
    writer.u8(dep.kind);
  }
}

/** Reads the dependencies of an entry. @throws DcquicError `dcquic.malformed` */
export function decodeDeps(reader: WireReader, into: DependencyList): void {
  const count = reader.varintUpTo(WireLimit.maxDeps, "a count of dependencies");
  for (let i = 0; i < count; i++) {
    const dep = itemAt(into.deps, i);
    dep.worker = reader.u8();
    dep.notifySeq = reader.counter();
    dep.kind = reader.u8();
    if (dep.kind > LAST_DEPENDENCY_KIND) throw malformed(`dependency kind ${dep.kind}`);
  }
  into.depCount = count;
}

/** Writes the descriptors of an entry. */
export function encodeRma(writer: WireWriter, entry: RmaList): void {
  writer.u8(entry.rmaCount);
  for (let i = 0; i < entry.rmaCount; i++) {
    const rma = itemAt(entry.rma, i);
    writer.u8(rma.nic);
    writer.u8(rma.provider);
    writer.id(rma.rkey);
    writer.id(rma.base);
  }
}

/** Reads the descriptors of an entry. @throws DcquicError `dcquic.malformed` */
export function decodeRma(reader: WireReader, into: RmaList): void {
  const count = reader.u8();
  if (count > WireLimit.maxRma) throw malformed(`${count} RMA descriptors`);
  for (let i = 0; i < count; i++) {
    const rma = itemAt(into.rma, i);
    rma.nic = reader.u8();
    rma.provider = reader.u8();
    reader.id(rma.rkey);
    reader.id(rma.base);
  }
  into.rmaCount = count;
}

function itemAt<T>(items: readonly T[], index: number): T {
  const item = items[index];
  if (item === undefined) throw new RangeError(`item ${index} of ${items.length}`);
  return item;
}
