import { connectTcp, listenTcp, nodePlatform } from "@proj/xcp-framing/node";
import { type ConnectionOptions, type IncomingMessage, openConnection } from "@proj/xcp-framing";
import { PRIVATE_CODEC_MIN } from "@proj/wire-types";
import type { EchoPeer } from "./peer.js";

// Raw bytes: like the other peers, what is measured is the way and not the encoding of a body.
const RAW = PRIVATE_CODEC_MIN;

/** XCP v0.2 over TCP with raw bodies, in its default configuration but for `extra`. */
export function xcp(extra: Partial<ConnectionOptions> = {}): EchoPeer {
  const options: ConnectionOptions = { platform: nodePlatform, codecs: [RAW, 8, 1], ...extra };
  return {
    async serve() {
      const handler: ConnectionOptions["handler"] = ({ body }) => ({ bodyCodec: RAW, body });
      const listener = await listenTcp({ host: "127.0.0.1", port: 0 }, (stream) => {
        openConnection(stream, "responder", { ...options, handler }).catch(() => undefined);
      });
      if (listener.address.kind !== "inet") throw new Error("expected a TCP address");
      return listener.address.port;
    },
    async connect(port) {
      const stream = await connectTcp({ host: "127.0.0.1", port });
      const connection = await openConnection(stream, "initiator", options);
      return {
        echo: (body) => connection.request({ bodyCodec: RAW, body }).then(bodyOf),
        close: () => connection.destroy(),
      };
    },
  };
}

function bodyOf({ body }: IncomingMessage): Uint8Array {
  return body;
}
