import type { Hook } from "../core/hook.js";
import { guardHook } from "./guard.js";
import type { MonotonicClock } from "./monotonic-clock.js";
import { type StreamLine, StreamSender } from "./stream-sender.js";

/** Makes a stream whose chunks go to a stream of the peer. spec/capnweb.md §9.1 */
export function remoteWritable(
  line: StreamLine,
  target: Hook,
  clock: MonotonicClock,
): { readonly stream: WritableStream; readonly hook: Hook } {
  let controller: WritableStreamDefaultController | undefined;
  const sender = new StreamSender(line, target, clock, (reason) => controller?.error(reason));
  const stream = new WritableStream({
    start: (own) => {
      controller = own;
    },
    write: (chunk) => sender.write(chunk),
    close: () => sender.close(),
    abort: (reason) => sender.abort(reason),
  });
  // Given back with the message, unless the application has begun to write.
  const hook = guardHook(() => {
    if (!stream.locked) sender.dispose();
  });
  return { stream, hook };
}
