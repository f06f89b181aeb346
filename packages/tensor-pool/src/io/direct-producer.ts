import { backend as machine } from "@proj/native-io";
import type { StreamLayout } from "../announce/announce.js";
import { Producer } from "../producer/producer.js";
import { type DirectStreamOptions, startDirectStream } from "./direct-stream.js";
import { monotonicNs, writeMonotonicNs } from "./monotonic-clock.js";
import type { ServedProducer } from "./served-producer.js";
import { wakeReadersOf } from "./wake-readers.js";

/** How a producer without a driver is started. */
export interface DirectProducerOptions extends DirectStreamOptions {
  /** Whether readers that block are woken, by a call of the system for each frame; by default not. */
  readonly wakeReaders?: boolean;
}

/** A producer that makes and announces its own regions. */
export interface DirectProducer extends ServedProducer {
  /** Writes frames. */
  readonly producer: Producer;
  /** What is announced. */
  readonly layout: StreamLayout;
  /** Stops, and removes the regions' files. Consumers that have mapped them keep what they have. */
  close(): void;
}

/**
 * Starts a producer without a driver: it makes the regions of a new epoch, announces them each second, and writes.
 *
 * @throws NativeIoError, AeronError.
 */
export async function startDirectProducer(options: DirectProducerOptions): Promise<DirectProducer> {
  const direct = await startDirectStream(options);
  const { stream, layout, descriptors, fence } = direct;
  const producer = new Producer({
    stream,
    descriptors,
    nowNs: monotonicNs,
    writeNowNs: writeMonotonicNs,
    fence,
    ...wakeReadersOf(options.backend ?? machine, options.wakeReaders),
  });
  return {
    producer,
    layout,
    descriptors,
    streamId: layout.streamId,
    producerId: layout.producerId,
    epoch: layout.epoch,
    get nextSeq() {
      return producer.nextSeq;
    },
    close: () => {
      producer.revoke();
      direct.close();
    },
  };
}
