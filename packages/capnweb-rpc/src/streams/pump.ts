import type { StreamSender } from "./stream-sender.js";

/**
 * Sends a stream into a pipe of the peer until either ends. spec/capnweb.md §9.2
 *
 * @returns what stops it early: the message that announced the stream was not sent
 */
export function pump(
  stream: ReadableStream,
  connect: (failed: (reason: unknown) => void) => StreamSender,
): (reason: unknown) => void {
  const reader: ReadableStreamDefaultReader<unknown> = stream.getReader();
  let stopped = false;
  const stop = (reason: unknown): void => {
    if (stopped) return;
    stopped = true;
    reader.cancel(reason).catch(() => undefined);
  };
  const sender = connect(stop);
  const giveUp = (reason: unknown): void => {
    sender.abort(reason).catch(() => undefined);
  };
  const step = ({ done, value }: ReadableStreamReadResult<unknown>): Promise<void> => {
    if (stopped) return Promise.resolve();
    if (done) return sender.close();
    return sender.write(value).then(() => (stopped ? undefined : reader.read().then(step)));
  };
  reader
    .read()
    .then(step)
    .catch((error: unknown) => {
      if (stopped) return;
      giveUp(error);
      stop(error);
    });
  return (reason) => {
    if (stopped) return;
    giveUp(reason);
    stop(reason);
  };
}
