import { serveProcess } from "@proj/bench";
import { standardCodecs, standardSchemas } from "@proj/ether-codecs";
import { serveXcp } from "@proj/xcp-framing/node";
import { EtherCoder } from "#src/ether-coder.js";
import { BODY_CODECS, RAW } from "./body-codecs.js";

await serveProcess(async () => {
  const codecs = standardCodecs();
  const schemas = standardSchemas();
  const { urls } = await serveXcp({
    listen: ["xcp://127.0.0.1:0"],
    codecs: BODY_CODECS,
    handler: (message, { connection }) => {
      if (message.bodyCodec === RAW) return { bodyCodec: RAW, body: message.body };
      const coder = new EtherCoder(codecs, schemas, connection.negotiated);
      return coder.echo(coder.decode(message), message);
    },
  });
  return { ready: { url: urls[0] ?? "" } };
});
