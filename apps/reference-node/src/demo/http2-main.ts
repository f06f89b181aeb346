import { CodecId } from "@proj/wire-types";
import { EtherLink } from "../ether-link.js";
import { receiveBody } from "../receipts/arrival.js";
import { receiptEther } from "../receipts/receipt.js";
import { createToolkit } from "../toolkit.js";
import { startHttp2Server } from "./http2-peer.js";

// The other side of the comparison, in a process of its own: it decodes and hashes with the same code as a node does, so
// that only the way there differs.
const toolkit = createToolkit();
const terms = { codecs: toolkit.codecs.ids, codecPolicy: "Any", features: 0 } as const;
const link = new EtherLink(toolkit, terms);
const server = await startHttp2Server((body, headers) => {
  const bodyCodec = Number(headers["x-codec"] ?? CodecId.JSON);
  const { receipt } = receiveBody(link, { bodyCodec, body, tags: [], schemaKey: undefined });
  return link.encode([receiptEther(receipt)]).body as Uint8Array;
});
process.send?.({ port: server.port });
// The demo is gone, whatever became of it.
process.on("disconnect", () => process.exit(0));
