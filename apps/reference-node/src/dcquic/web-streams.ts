import type { ByteStreamPair } from "@proj/capnweb-rpc";
import type { ByteStream, WireError } from "@proj/wire-types";

/** Bytes that may wait for a reader before the peer is slowed down. */
const READ_AHEAD_BYTES = 262_144;

/** Makes a stream of the suite a pair of web streams, as Cap'n Web takes them. */
export function webStreams(stream: ByteStream): ByteStreamPair {
  const drains: (() => void)[] = [];
  const failure: { error?: WireError | undefined; isClosed: boolean } = { isClosed: false };
  let reader: ReadableStreamDefaultController<Uint8Array> | undefined;
  let isEnded = false;
  const readable = new ReadableStream<Uint8Array>(
    {
      start: (controller) => void (reader = controller),
      pull: () => stream.resume(),
      cancel: () => stream.destroy(),
    },
    new ByteLengthQueuingStrategy({ highWaterMark: READ_AHEAD_BYTES }),
  );
  const writable = new WritableStream<Uint8Array>({
    write: async (bytes) => {
      if (failure.isClosed) throw failure.error ?? new Error("the stream is closed");
      if (stream.write([bytes])) return;
      await new Promise<void>((resolve) => drains.push(resolve));
    },
    close: () => stream.end(),
    abort: () => stream.destroy(),
  });
  const flow = (): void => {
    for (const resolve of drains.splice(0)) resolve();
  };
  const endReading = (): void => {
    if (isEnded) return;
    isEnded = true;
    reader?.close();
  };
  stream.open({
    data(bytes) {
      if (isEnded) return;
      reader?.enqueue(bytes);
      if ((reader?.desiredSize ?? 1) <= 0) stream.pause();
    },
    drain: flow,
    end: endReading,
    close(error) {
      failure.isClosed = true;
      failure.error = error;
      flow();
      if (error === undefined) endReading();
      else if (!isEnded) {
        isEnded = true;
        reader?.error(error);
      }
    },
  });
  return { readable, writable };
}
