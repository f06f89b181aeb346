import type { ByteStream, ByteStreamHandlers } from "@proj/wire-types";

/** The same stream; `done` is called once it is closed. */
export function closingWith(stream: ByteStream, done: () => void): ByteStream {
  return {
    info: stream.info,
    get queuedBytes() {
      return stream.queuedBytes;
    },
    open: (handlers: ByteStreamHandlers) => {
      stream.open({
        data: (bytes) => handlers.data(bytes),
        drain: () => handlers.drain(),
        end: () => handlers.end(),
        close: (error) => {
          done();
          handlers.close(error);
        },
      });
    },
    write: (parts) => stream.write(parts),
    end: () => stream.end(),
    pause: () => stream.pause(),
    resume: () => stream.resume(),
    destroy: (error) => stream.destroy(error),
  };
}
