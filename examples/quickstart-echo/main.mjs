// A server, a client, a request and its reply.
import { CodecId } from "@proj/wire-types";
import { connectXcp, serveXcp } from "@proj/xcp-framing/node";

// Port 0 lets the system choose; the URL that comes back names the port.
const server = await serveXcp({
  listen: ["xcp://127.0.0.1:0"],
  handler: (message) => ({ bodyCodec: message.bodyCodec, body: message.body.toReversed() }),
});
const client = await connectXcp(server.urls[0]);

// XCP carries bytes; what they mean is for both ends to know. Ethers give them a kind: see send-table.
const reply = await client.request({
  bodyCodec: CodecId.PROTOBUF,
  body: new TextEncoder().encode("!dlrow ,olleh"),
});
console.log(new TextDecoder().decode(reply.body));

await client.close();
await server.close();
