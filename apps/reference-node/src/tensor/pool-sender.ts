import { attachProducer } from "@proj/tensor-pool/node";
import { within } from "../within.js";
import { PoolOutbox } from "./pool-outbox.js";
import { connectFor, type TensorFlags } from "./tensor-link.js";

/** How long a driver may take to grant a stream, in milliseconds. */
const ATTACH_MS = 10_000;

/** A stream of the tensor pool that a verb writes. */
export interface OpenPool {
  /** Puts attachments there. */
  readonly outbox: PoolOutbox;
  /** Gives the stream back. */
  close(): void;
}

/** Attaches to a stream as its producer. @throws NoSharedMemory, AeronError; Error when no driver grants it */
export async function openPool(streamId: number, flags: TensorFlags): Promise<OpenPool> {
  const { client, close } = await connectFor(flags);
  let refusal = "no driver answered";
  const producer = await attachProducer({
    client,
    streamId,
    allowedDirs: flags.allow,
    onLease: (event) => {
      if (event.kind === "refused" || event.kind === "protocolError") refusal = event.message;
    },
  });
  const end = (): void => {
    producer.close();
    close();
  };
  try {
    const why = (): Error => new Error(`stream ${streamId} was not granted: ${refusal}`);
    await within(producer.mapped(), ATTACH_MS, why);
  } catch (error) {
    end();
    throw error;
  }
  return { outbox: new PoolOutbox(producer), close: end };
}
