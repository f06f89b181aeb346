import { once } from "node:events";
import { connect, createServer, type Http2Stream } from "node:http2";
import { listening } from "./sockets.js";
import type { EchoPeer } from "./peer.js";

const sessionWindowBytes = 16 * 1024 * 1024;
// In MB. Beyond the default of 10, calls are refused.
const maxSessionMemory = 256;

/**
 * One POST per message over clear-text HTTP/2.
 *
 * @param windowBytes Of a stream. The default of 64 KiB would make large messages wait for window updates; a user who
 *   measures would raise it.
 */
export function http2(windowBytes: number): EchoPeer {
  const settings = { initialWindowSize: windowBytes };
  return {
    serve() {
      const server = createServer({ settings, maxSessionMemory });
      server.on("session", (session) => session.setLocalWindowSize(sessionWindowBytes));
      server.on("stream", (stream) => {
        void collect(stream).then((body) => {
          stream.respond({ ":status": 200, "content-type": "application/octet-stream" });
          stream.end(body);
        });
      });
      return listening(server.listen(0, "127.0.0.1"));
    },
    async connect(port) {
      const session = connect(`http://127.0.0.1:${port}`, { settings, maxSessionMemory });
      await once(session, "connect");
      session.setLocalWindowSize(sessionWindowBytes);
      return {
        echo(payload) {
          const stream = session.request({ ":method": "POST", ":path": "/echo" });
          const reply = collect(stream);
          stream.end(payload);
          return reply;
        },
        close: () => session.destroy(),
      };
    },
  };
}

function collect(stream: Http2Stream): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    stream.on("data", (part: Buffer) => void parts.push(part));
    stream.on("end", () => resolve(Buffer.concat(parts)));
    stream.on("error", reject);
  });
}
