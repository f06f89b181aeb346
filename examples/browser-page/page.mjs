// Runs in the browser: sends a picture's bytes to the server and shows what came back.
import { CodecId } from "@proj/wire-types";
import { connectXcpWeb } from "@proj/xcp-framing/web";

const log = (text) => document.querySelector("#log").append(`${text}\n`);

const client = await connectXcpWeb(`ws://${location.host}/xcp`);
const { negotiated } = await client.connect();
log(`connected: ${negotiated.profile}, frames up to ${negotiated.maxFrameBytes} bytes`);

const pixels = crypto.getRandomValues(new Uint8Array(30_000));
const started = performance.now();
const { body } = await client.request({ bodyCodec: CodecId.PROTOBUF, body: pixels });
const inverted = pixels.every((byte, i) => body[i] === 255 - byte);
log(
  `${body.length} pixels came back ${inverted ? "inverted" : "wrong"} in ${Math.round(performance.now() - started)} ms`,
);
