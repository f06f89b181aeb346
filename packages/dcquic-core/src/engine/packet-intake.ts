import { isWireError } from "@proj/wire-types";
import { OVERHEAD_BYTES } from "../sched/leaky-bucket.js";
import { CREDENTIAL_ID_BYTES, CREDENTIAL_ID_OFFSET, PacketType } from "../wire/constants.js";
import {
  decodeHeader,
  type HeaderVerdict,
  type PacketHeader,
  packetHeader,
} from "../wire/packet-header.js";
import { isHeaderRepeated } from "../wire/next-packet.js";
import type { DatagramBatch } from "./batch.js";
import type { EngineContext } from "./context.js";
import type { CreditKeeper } from "./credit-keeper.js";
import type { ForeignPaths } from "./foreign-paths.js";
import type { FrameIntake } from "./frame-intake.js";
import type { KeyRetirement } from "./key-retirement.js";
import { PacketOpener } from "./packet-opener.js";
import type { Path } from "./path.js";
import type { PathKeeper } from "./path-keeper.js";
import type { PeerWorker } from "./peer-worker.js";
import { SecretControlIntake } from "./secret-control-intake.js";

/** What a {@link PacketIntake} works with. */
export interface IntakeParts {
  /** What the parts share. */
  readonly context: EngineContext;
  /** Finds a path by the credential id at an offset of a slab. */
  readonly pathOf: (bytes: Uint8Array, offset: number) => Path | undefined;
  /** The paths of the host's other workers. */
  readonly foreign: ForeignPaths;
  /** Has what packets carry obeyed. */
  readonly frames: FrameIntake;
  /** Feedback, limits, probes. */
  readonly keeper: PathKeeper;
  /** Weighs losses. */
  readonly credit: CreditKeeper;
  /** Tells peers of packets that came twice. */
  readonly retirement: KeyRetirement;
  /** Sends a datagram that is no packet of a path. */
  readonly sendRaw: (datagram: Uint8Array, address: number) => void;
}

// Mutable and reused: headers stay as they were read, since what follows them is decrypted and they are not.
interface ReadDatagram {
  readonly header: PacketHeader;
  verdict: HeaderVerdict;
  path: Path | undefined;
  // How many datagrams from here on have this header but for the number of the packet, which is one more each time.
  alike: number;
}

const ECN_ECT1 = 1;
const ECN_ECT0 = 2;
const ECN_CE = 3;
const ELSEWHERE_US = 1_000_000;

/**
 * Takes datagrams: believes nothing before a tag verified, counts what did, and lets no byte of a peer throw.
 *
 * @see spec/dcquic.md §7.3, §10, §17
 */
export class PacketIntake {
  readonly #parts: IntakeParts;
  readonly #opener: PacketOpener;
  readonly #secretControl: SecretControlIntake;
  // What was read of each datagram of the batch that is not like the one before it, by its place.
  readonly #read: ReadDatagram[] = [];

  /** Hands what packets carry to `parts`. */
  constructor(parts: IntakeParts) {
    const { context, foreign, pathOf, retirement, sendRaw } = parts;
    this.#parts = parts;
    this.#opener = new PacketOpener(context, retirement, sendRaw);
    this.#secretControl = new SecretControlIntake(context, foreign, pathOf);
  }

  /**
   * Takes a batch of datagrams, in order. Their bytes are decrypted in place: those whose path, worker and key are known
   * together, the others when it is their turn.
   */
  receive(nowUs: number, batch: DatagramBatch): void {
    for (let i = 0; i < batch.count;) i = this.#openAlike(batch, i);
    this.#parts.context.packets.openAll();
    for (let i = 0; i < batch.count;) i = this.#takeAlike(nowUs, batch, i);
    this.#parts.frames.settle(nowUs);
  }

  // The packets of a pull say the same of themselves, one after the other. Returns the first datagram that does not.
  #openAlike(batch: DatagramBatch, first: number): number {
    const read = this.#openLater(batch, first);
    const { header, path } = read;
    let next = first + 1;
    if (path === undefined || header.type !== PacketType.Data) return next;
    const { packetNumber } = header;
    for (; next < batch.count; next++) {
      header.packetNumber = packetNumber + next - first;
      if (!isLike(batch, first, next, header.packetNumber)) break;
    }
    header.packetNumber = packetNumber;
    if (next > first + 1) this.#opener.openAlike(path, header, batch, first, next);
    read.alike = next - first;
    return next;
  }

  #takeAlike(nowUs: number, batch: DatagramBatch, first: number): number {
    const read = this.#read[first];
    const end = first + (read?.alike ?? 1);
    if (read === undefined) return end;
    this.#take(nowUs, batch, first, read);
    if (end > first + 1) this.#takeRest(nowUs, batch, first + 1, end, read);
    return end;
  }

  // The packets `start … end` are like the one before: what is noted of each is noted once for all of them.
  #takeRest(
    nowUs: number,
    batch: DatagramBatch,
    start: number,
    end: number,
    { header, path }: ReadDatagram,
  ): void {
    if (path === undefined) return;
    let worker: PeerWorker | undefined;
    let count = 0;
    let latest = 0;
    header.packetNumber += 1;
    const known = path.knownWorker(header.worker);
    const areOpen = known !== undefined && this.#opener.openedAll(known, header, start, end);
    header.packetNumber -= 1;
    for (let index = start; index < end && path.failedStatus === undefined; index++) {
      header.packetNumber += 1;
      const from = areOpen ? known : this.#opener.open(nowUs, path, header, batch, index);
      if (from === undefined) continue;
      worker = from;
      count += 1;
      latest = header.packetNumber;
      this.#follow(nowUs, path, worker, header, batch.address(index));
      this.#obey(nowUs, path, worker, header, batch, index);
    }
    if (worker === undefined) return;
    header.packetNumber = latest;
    this.#count(nowUs, path, worker, header, batch, start, count);
  }

  #openLater(batch: DatagramBatch, index: number): ReadDatagram {
    const read = (this.#read[index] ??= {
      header: packetHeader(),
      verdict: "drop",
      path: undefined,
      alike: 1,
    });
    const { header } = read;
    const offset = batch.offset(index);
    read.alike = 1;
    read.verdict = decodeHeader(batch.view, offset, batch.length(index), header);
    read.path =
      read.verdict === "packet"
        ? this.#parts.pathOf(batch.bytes, offset + CREDENTIAL_ID_OFFSET)
        : undefined;
    this.#opener.openLater(read.path, header, batch, index);
    return read;
  }

  #take(nowUs: number, batch: DatagramBatch, index: number, read: ReadDatagram): void {
    if (read.verdict === "drop") return;
    if (read.verdict === "secretControl") {
      this.#secretControl.take(batch, index);
      return;
    }
    const { header, path } = read;
    if (path === undefined) {
      this.#unknown(batch, index, batch.offset(index) + CREDENTIAL_ID_OFFSET);
      return;
    }
    if (path.failedStatus !== undefined) return;
    const worker = this.#opener.open(nowUs, path, header, batch, index);
    if (worker === undefined) return;
    this.#follow(nowUs, path, worker, header, batch.address(index));
    this.#count(nowUs, path, worker, header, batch, index, 1);
    this.#obey(nowUs, path, worker, header, batch, index);
  }

  #obey(
    nowUs: number,
    path: Path,
    worker: PeerWorker,
    header: PacketHeader,
    batch: DatagramBatch,
    index: number,
  ): void {
    const { context, frames } = this.#parts;
    try {
      frames.obey(nowUs, path, worker, header, batch, batch.offset(index));
    } catch (error) {
      if (!isWireError(error)) throw error;
      context.note("protocolViolation", path);
    }
  }

  // Nobody here knows the path whose credential id lies at `at`.
  #unknown(batch: DatagramBatch, index: number, at: number): void {
    const { context, foreign } = this.#parts;
    const { bytes } = batch;
    if (foreign.take(batch, index, bytes, at)) return;
    context.events.push({
      kind: "unknownCredential",
      address: batch.address(index),
      credentialId: bytes.slice(at, at + CREDENTIAL_ID_BYTES),
      packetBytes: batch.length(index),
    });
  }

  // A peer that is heard from another of its addresses is answered there: it may have lost the one before, and who is not
  // owed an answer would not notice. Only its latest packet says where it is: an old one may come from anywhere.
  #follow(
    nowUs: number,
    path: Path,
    worker: PeerWorker,
    { packetNumber, type }: PacketHeader,
    source: number,
  ): void {
    if (source === path.address) return;
    if (packetNumber <= worker.largest) return;
    if (path.follows(nowUs, source)) path.sendTo(source);
    else if (type === PacketType.Control) this.#tellElsewhere(nowUs, path, source);
  }

  // DATA comes from many ports; CONTROL from the one that the peer named.
  #tellElsewhere(nowUs: number, path: Path, source: number): void {
    const { addresses, heardElsewhereUs } = path;
    if (addresses.includes(source) || nowUs - heardElsewhereUs < ELSEWHERE_US) return;
    path.heardElsewhereUs = nowUs;
    this.#parts.context.events.push({ kind: "peerHeardElsewhere", path: path.id });
  }

  // Of so many packets that are alike but for their numbers; the header is that of the latest.
  #count(
    nowUs: number,
    path: Path,
    worker: PeerWorker,
    header: PacketHeader,
    batch: DatagramBatch,
    index: number,
    count: number,
  ): void {
    const { keeper, context } = this.#parts;
    const [ecn, length] = [batch.ecn(index), batch.length(index)];
    const marks = ecn === ECN_CE ? count : 0;
    context.dirty.add(path);
    context.counters.packetsReceived += count;
    context.counters.bytesReceived += count * length;
    context.counters.ceMarks += marks;
    worker.packetCount += count;
    worker.byteCount += count * length;
    worker.ce += marks;
    if (ecn === ECN_ECT0) worker.ect0 += count;
    else if (ecn === ECN_ECT1) worker.ect1 += count;
    if (header.packetNumber > worker.largest) {
      worker.largest = header.packetNumber;
      worker.largestClockUs = header.clockUs;
      worker.largestAtUs = nowUs;
    }
    if (header.type === PacketType.Control) {
      worker.controls += count;
      context.pulls.unasked(nowUs, count * (length + OVERHEAD_BYTES));
      worker.controlMarks += marks;
    }
    this.#parts.credit.weigh(path, worker);
    keeper.heard(nowUs, path);
    context.pulls.packets(nowUs, count, marks, path.rtt.srttUs);
    if (header.ackEliciting)
      path.feedback.owe(nowUs, worker, header.type === PacketType.Data, count);
  }
}

// Also of the same length, from the same place and marked in the same way.
function isLike(batch: DatagramBatch, first: number, next: number, packetNumber: number): boolean {
  return (
    batch.length(next) === batch.length(first) &&
    batch.address(next) === batch.address(first) &&
    batch.ecn(next) === batch.ecn(first) &&
    isHeaderRepeated(batch.view, batch.offset(first), batch.offset(next), packetNumber)
  );
}
