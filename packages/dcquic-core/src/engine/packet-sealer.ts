import { OVERHEAD_BYTES } from "../sched/leaky-bucket.js";
import type { SendKeys } from "../crypto/send-keys.js";
import { CHUNK_HEADER_BYTES, HEADER_BYTES, TAG_BYTES } from "../wire/constants.js";
import { repeatDataHeaders, wireOffsetAt } from "../wire/next-packet.js";
import { encodeHeader, type PacketHeader, packetHeader } from "../wire/packet-header.js";
import type { DatagramBatch } from "./batch.js";
import type { EngineContext } from "./context.js";
import type { KeyRetirement } from "./key-retirement.js";
import type { Path } from "./path.js";

const ECT0 = 2;

/**
 * Numbers packets, has them sealed together, and accounts for them: at their path, at the bucket of the NIC, in the counters.
 *
 * @see spec/dcquic.md §7.3, §12, §17.2
 */
export class PacketSealer {
  /** What the next packets say of themselves. The rest is filled in here. */
  readonly header: PacketHeader = packetHeader();
  readonly #context: EngineContext;
  readonly #retirement: KeyRetirement;

  /** Tells `retirement` when a key changed. */
  constructor(context: EngineContext, retirement: KeyRetirement) {
    this.#context = context;
    this.#retirement = retirement;
  }

  /**
   * Seals the next `count` packets of `into`, side by side, with `payload` bytes each, which lie where they belong or will
   * by then. For DATA `controlled` is the length of such a datagram, and otherwise 0. Several packets are DATA of one chunk each:
   * only the first header of a chunk has to be there, the others go on where it ends.
   */
  seal(
    nowUs: number,
    path: Path,
    into: DatagramBatch,
    count: number,
    payload: number,
    controlled: number,
  ): void {
    const { header } = this;
    const { packets } = this.#context;
    const { sendKeys } = path;
    const length = HEADER_BYTES + payload + TAG_BYTES;
    const ecn = path.congestion.ecn === "capable" ? ECT0 : 0;
    header.direction = path.direction;
    header.worker = this.#context.config.worker;
    header.payloadLength = payload;
    header.destination = path.peerWorker;
    header.clockUs = Math.floor(nowUs) >>> 0;
    sendKeys.assign(header);
    encodeHeader(into.bytes, into.view, into.usedBytes, header, path.credentialId);
    if (count > 1) this.#repeatHeaders(sendKeys, into, count, length);
    const { bytes, view, usedBytes } = into;
    sendKeys.sealLater(packets, bytes, view, usedBytes, header);
    if (count > 1) {
      header.packetNumber += 1;
      sendKeys.sealNext(packets, bytes, view, usedBytes + length, header, length, count - 1);
    }
    into.append(length, path.address, ecn, count);
    this.#account(nowUs, path, count, length, controlled);
  }

  // All of them, before the first is encrypted. Numbers follow one another, and the key takes them all.
  #repeatHeaders(
    sendKeys: SendKeys,
    { view, usedBytes }: DatagramBatch,
    count: number,
    length: number,
  ): void {
    const { header } = this;
    const { packetNumber } = header;
    const start = wireOffsetAt(view, usedBytes);
    const chunkBytes = header.payloadLength - CHUNK_HEADER_BYTES;
    for (let i = 1; i < count; i++) {
      sendKeys.assign(header);
      const wireOffset = start + i * chunkBytes;
      repeatDataHeaders(view, usedBytes, usedBytes + i * length, header.packetNumber, wireOffset);
    }
    header.packetNumber = packetNumber;
  }

  #account(nowUs: number, path: Path, count: number, length: number, controlled: number): void {
    const { nic, counters } = this.#context;
    if (path.sendKeys.needsRehandshake) this.#context.askHandshake(path);
    nic.take(nowUs, count * (length + OVERHEAD_BYTES));
    counters.packetsSent += count;
    counters.bytesSent += count * length;
    this.#retirement.packetSent(nowUs, path);
    path.congestion.packetsSent(nowUs, count, controlled);
    path.sentUs = nowUs;
    if (!this.header.ackEliciting) return;
    path.health.asked(nowUs);
    if (path.owedSinceUs <= path.health.heardUs) path.owedSinceUs = nowUs;
  }
}
