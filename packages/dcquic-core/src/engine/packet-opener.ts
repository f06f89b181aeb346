import type { OpenVerdict } from "../crypto/receive-keys.js";
import { TICKET_STEP } from "../crypto/packet-batch.js";
import { sealSecretControl } from "../crypto/secret-control-seal.js";
import type { PacketHeader } from "../wire/packet-header.js";
import type { DatagramBatch } from "./batch.js";
import type { EngineContext } from "./context.js";
import type { KeyRetirement } from "./key-retirement.js";
import type { Path } from "./path.js";
import type { PeerWorker } from "./peer-worker.js";

const MAX_OPEN_FAILURES = 2 ** 36;
const NO_TICKET = -1;

/**
 * Opens packets: window, key and tag. Nothing of a worker is kept before one of its packets verified.
 *
 * @see spec/dcquic.md §7.3, §10.1
 */
export class PacketOpener {
  readonly #context: EngineContext;
  readonly #retirement: KeyRetirement;
  readonly #sendRaw: (datagram: Uint8Array, address: number) => void;
  // By place in the batch; packets that were not opened with the others have none.
  readonly #tickets: number[] = [];

  /** Has `retirement` tell peers of packets that came twice; `sendRaw` sends a datagram that is no packet of a path. */
  constructor(
    context: EngineContext,
    retirement: KeyRetirement,
    sendRaw: (datagram: Uint8Array, address: number) => void,
  ) {
    this.#context = context;
    this.#retirement = retirement;
    this.#sendRaw = sendRaw;
  }

  /** Has a packet of a new batch opened together with others, if its path, worker and key are known. */
  openLater(
    path: Path | undefined,
    header: PacketHeader,
    batch: DatagramBatch,
    index: number,
  ): void {
    this.#tickets[index] = this.#ticket(path, header, batch, batch.offset(index));
  }

  /**
   * Has the packets `first + 1 … end` opened that are like the one before each in the batch, but for their numbers and where they lie. The
   * header is that of `first`.
   */
  openAlike(
    path: Path,
    header: PacketHeader,
    batch: DatagramBatch,
    first: number,
    end: number,
  ): void {
    const { packetNumber } = header;
    const worker = path.knownWorker(header.worker);
    for (let index = first + 1; index < end;) {
      header.packetNumber = packetNumber + index - first;
      // What is ahead of all that came has not come, and nothing that follows it.
      const isAhead = worker !== undefined && header.packetNumber >= worker.packets.end;
      const until = isAhead ? endOfStride(batch, index, end) : index + 1;
      this.#openNext(path, worker, header, batch, index, until);
      index = until;
    }
    header.packetNumber = packetNumber;
  }

  /** Whether the packets `first … end`, of which `header` is the first, were all opened with others; then they are noted as seen. */
  openedAll(
    worker: PeerWorker,
    { packetNumber }: PacketHeader,
    first: number,
    end: number,
  ): boolean {
    if (packetNumber < worker.packets.end) return false;
    const { packets } = this.#context;
    for (let index = first; index < end; index++) {
      const ticket = this.#tickets[index] ?? NO_TICKET;
      if (ticket === NO_TICKET || !packets.wasOpened(ticket)) return false;
    }
    worker.packets.commit(packetNumber, end - first);
    return true;
  }

  /** Opens a packet, unless that was done together with others; returns who sent it, or `undefined` where it is not believed. */
  open(
    nowUs: number,
    path: Path,
    header: PacketHeader,
    batch: DatagramBatch,
    index: number,
  ): PeerWorker | undefined {
    const known = path.knownWorker(header.worker);
    const worker = known ?? path.makeWorker(header.worker);
    const seen = worker.packets.check(header.packetNumber);
    if (seen !== "new") {
      this.#notNew(nowUs, path, header, seen, known);
      return undefined;
    }
    const { bytes, view } = batch;
    const ticket = this.#tickets[index] ?? NO_TICKET;
    const verdict =
      ticket === NO_TICKET
        ? worker.keys.open(nowUs, path.rtt.ptoUs, bytes, view, batch.offset(index), header)
        : verdictOf(this.#context.packets.wasOpened(ticket));
    if (verdict === "staleKey") {
      this.#complain(path, worker, batch.address(index));
      return undefined;
    }
    if (verdict === "failed") {
      this.#failed(path);
      return undefined;
    }
    worker.packets.commit(header.packetNumber);
    if (known === undefined) path.keepWorker(worker);
    return worker;
  }

  // One packet, or several that are ahead of all that came.
  #openNext(
    path: Path,
    worker: PeerWorker | undefined,
    header: PacketHeader,
    batch: DatagramBatch,
    index: number,
    until: number,
  ): void {
    const offset = batch.offset(index);
    const isAfter = (this.#tickets[index - 1] ?? NO_TICKET) !== NO_TICKET;
    let ticket = NO_TICKET;
    if (isAfter && worker?.packets.check(header.packetNumber) === "new") {
      const stride = offset - batch.offset(index - 1);
      ticket = worker.keys.openNext(this.#context.packets, header, stride, until - index);
    }
    const { packetNumber } = header;
    for (let i = index; i < until; i++) {
      header.packetNumber = packetNumber + i - index;
      this.#tickets[i] =
        ticket === NO_TICKET
          ? this.#ticket(path, header, batch, batch.offset(i))
          : ticket + TICKET_STEP * (i - index);
    }
  }

  #ticket(
    path: Path | undefined,
    header: PacketHeader,
    { bytes, view }: DatagramBatch,
    offset: number,
  ): number {
    if (path === undefined || path.failedStatus !== undefined) return NO_TICKET;
    const worker = path.knownWorker(header.worker);
    if (worker?.packets.check(header.packetNumber) !== "new") return NO_TICKET;
    return worker.keys.openLater(this.#context.packets, bytes, view, offset, header);
  }

  #notNew(
    nowUs: number,
    path: Path,
    { worker, keyId, packetNumber }: PacketHeader,
    seen: "seen" | "below",
    known: PeerWorker | undefined,
  ): void {
    const { counters } = this.#context;
    if (seen === "below") {
      this.#context.note("belowWindow", path);
      counters.packetsBelowWindow += 1;
      return;
    }
    this.#context.note("replayedPacket", path);
    counters.replayedPackets += 1;
    if (known !== undefined) this.#retirement.replayed(nowUs, path, worker, keyId, packetNumber);
  }

  #complain(path: Path, { worker, keys }: PeerWorker, address: number): void {
    const packet = {
      kind: "staleKey",
      direction: path.direction,
      worker,
      credentialId: path.credentialId,
      minKeyId: keys.minKeyId,
    } as const;
    this.#sendRaw(sealSecretControl(this.#context.crypto, path.keys.ownMac, packet), address);
  }

  #failed(path: Path): void {
    path.openFailures += 1;
    this.#context.counters.openFailures += 1;
    if (path.openFailures >= MAX_OPEN_FAILURES) this.#context.askHandshake(path);
    this.#context.note("openFailed", path);
  }
}

// The first packet behind `index` that does not lie as far behind the one before as that does.
function endOfStride(batch: DatagramBatch, index: number, end: number): number {
  const stride = batch.offset(index) - batch.offset(index - 1);
  let next = index + 1;
  while (next < end && batch.offset(next) - batch.offset(next - 1) === stride) next++;
  return next;
}

function verdictOf(isOpen: boolean): OpenVerdict {
  return isOpen ? "opened" : "failed";
}
