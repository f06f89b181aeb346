import { BridgeFrameChunkDecoder, readBridgeFrameChunk } from "../../messages/generated/bridge.js";
import { DEFAULT_CHANNEL } from "../../stream-ids.js";
import { openPoller } from "../message-poller.js";
import { ExitCode, type ToolContext } from "./tool-command.js";
import { turnUntil, withClient } from "./tool-connection.js";

/** Counts what passes a bridge's payload stream, by the stream that is carried. spec/tensor-pool.md §23 */
export async function bridgeStatus(context: ToolContext): Promise<ExitCode> {
  const { values, print } = context;
  const decoder = new BridgeFrameChunkDecoder();
  const streams = new Map<
    number,
    { chunks: number; frames: number; bytes: number; malformed: number }
  >();
  return await withClient(context, async (client) => {
    const channel = values.text("channel") ?? DEFAULT_CHANNEL;
    const poller = await openPoller(
      client,
      channel,
      values.number("stream", 3_000),
      (view, offset, length) => {
        try {
          const chunk = readBridgeFrameChunk(decoder.wrap(view, offset, offset + length));
          const seen = streams.get(chunk.streamId) ?? {
            chunks: 0,
            frames: 0,
            bytes: 0,
            malformed: 0,
          };
          seen.chunks++;
          seen.bytes += chunk.chunkLength;
          if (chunk.chunkIndex === 0) seen.frames++;
          streams.set(chunk.streamId, seen);
        } catch {
          context.note("a chunk cannot be read");
        }
      },
    );
    await turnUntil(context, values.number("for", 2_000), () => {
      poller.poll();
      return false;
    });
    poller.close();
    for (const [streamId, seen] of streams) print({ fields: { streamId, ...seen } });
    return streams.size > 0 ? ExitCode.ok : ExitCode.failure;
  });
}
