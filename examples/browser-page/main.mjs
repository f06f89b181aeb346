// A web page that talks XCP to a Node server over WebSocket. Ctrl-C ends it.
import { build } from "esbuild";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { attachWebSocket, nodePlatform } from "@proj/xcp-framing/node";
import { XcpServer } from "@proj/xcp-framing";

// Browsers know no packages: one file with everything that the page imports.
const { outputFiles } = await build({
  entryPoints: [fileURLToPath(new URL("page.mjs", import.meta.url))],
  bundle: true,
  format: "esm",
  write: false,
});
const files = {
  "/": [
    "text/html",
    '<!doctype html><title>XCP</title><pre id="log"></pre><script type="module" src="/page.js"></script>',
  ],
  "/page.js": ["text/javascript", outputFiles[0].text],
};
const pages = createServer((request, response) => {
  const [type, content] = files[request.url] ?? ["text/plain", "no such page"];
  response.writeHead(request.url in files ? 200 : 404, { "content-type": type });
  response.end(content);
});
await new Promise((resolve) => pages.listen(Number(process.env.PORT ?? 0), "127.0.0.1", resolve));
const origin = `http://127.0.0.1:${pages.address().port}`;

// The same port serves pages and, at /xcp, the protocol; pages of other origins are refused.
const server = new XcpServer({
  platform: nodePlatform,
  handler: ({ bodyCodec, body }) => ({ bodyCodec, body: body.map((byte) => 255 - byte) }),
});
attachWebSocket(pages, { origins: [origin] }, (pipe) => server.serve(pipe));
console.log(`open ${origin}`);
