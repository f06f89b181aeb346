// A table as an Ether: the codec follows from the size, and the peer computes something from what it decoded.
import {
  createEther,
  decodeBody,
  encodeBodies,
  standardCodecs,
  standardSchemas,
  textEther,
} from "@proj/ether-codecs";
import { connectXcp, serveXcp } from "@proj/xcp-framing/node";

const codecs = standardCodecs();
const schemas = standardSchemas();

/** Turns one Ether into a message, in a codec that both ends have. */
function encode(ether, { negotiated }) {
  const [body] = encodeBodies(codecs, [ether], { common: negotiated.codecs, schemas });
  return body;
}

/** Decodes a message and checks it against its header. */
function decode({ bodyCodec, body, tags, schemaKey }) {
  return decodeBody(codecs, bodyCodec, body, { tags, schemas, ...(schemaKey && { schemaKey }) })[0];
}

const mean = (column) => column.reduce((sum, value) => sum + value, 0) / column.length;

const server = await serveXcp({
  listen: ["xcp://127.0.0.1:0"],
  codecs: codecs.ids,
  handler: (message, { connection }) => {
    const { celsius } = decode(message).payload;
    const codec = codecs.get(message.bodyCodec).name;
    const text = `${celsius.length} rows as ${codec}, mean ${mean(celsius).toFixed(2)} °C`;
    return encode(textEther(text), connection);
  },
});
const client = await connectXcp(server.urls[0], { codecs: codecs.ids });
const connection = await client.connect();

// Columns are typed arrays. A few rows go as PROTOBUF, many as Arrow, which the peer reads without copying.
for (const rows of [3, 100_000]) {
  const celsius = Float32Array.from({ length: rows }, (_, i) => 15 + 10 * Math.sin(i / 1000));
  const day = Uint32Array.from({ length: rows }, (_, i) => i);
  const table = createEther({ kind: "table", payload: { day, celsius } });
  const reply = await client.request(encode(table, connection));
  console.log(decode(reply).payload.text);
}

await client.close();
await server.close();
