import { standardCodecs, standardSchemas } from "@proj/ether-codecs";
import { CodecId } from "@proj/wire-types";
import { EtherCoder } from "../ether-coder.js";
import { arrivalReceipt } from "../receipts/arrival.js";
import { receiptEther } from "../receipts/receipt.js";
import { startHttp2Server } from "./http2-peer.js";

// The other side of the comparison, in a process of its own: it decodes and hashes with the same code as a node does, so
// that only the way there differs.
const codecs = standardCodecs();
const terms = { codecs: codecs.ids, codecPolicy: "Any", features: 0 } as const;
const coder = new EtherCoder(codecs, standardSchemas(), terms);
const server = await startHttp2Server((body, headers) => {
  const bodyCodec = Number(headers["x-codec"] ?? CodecId.JSON);
  const message = { bodyCodec, body, tags: [], schemaKey: undefined };
  const ethers = coder.decode(message);
  const attachments = ethers.flatMap((ether) => ether.attachments);
  const receipt = arrivalReceipt(message, {
    ethers,
    attachments,
    viaShm: new Set(),
    stillValid: () => true,
  });
  return coder.encode([receiptEther(receipt)], { codec: "JSON" }).body;
});
process.send?.({ port: server.port });
// The demo is gone, whatever became of it.
process.on("disconnect", () => process.exit(0));
