import { serveProcess } from "@proj/bench";
import { encodeUtf8, PRIVATE_CODEC_MIN } from "@proj/wire-types";
import { openConnection, type StreamSink } from "@proj/xcp-framing";
import { listenTcp, nodePlatform } from "@proj/xcp-framing/node";

const RAW = PRIVATE_CODEC_MIN;

await serveProcess(async () => {
  const listener = await listenTcp({ host: "127.0.0.1", port: 0 }, (stream) => {
    openConnection(stream, "responder", {
      platform: nodePlatform,
      codecs: [RAW, 8, 1],
      limits: { maxMessageBytes: 2 ** 31 },
      onStream: countingSink,
    }).catch(() => undefined);
  });
  return { ready: { port: listener.address.kind === "inet" ? listener.address.port : 0 } };
});

function countingSink(): StreamSink {
  let bytes = 0;
  return {
    chunk(part) {
      bytes += part.length;
    },
    end: () => ({ bodyCodec: RAW, body: encodeUtf8(String(bytes)) }),
    abort: () => undefined,
  };
}
