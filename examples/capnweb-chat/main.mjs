// A chat for web pages: the server calls the pages as the pages call the server. Ctrl-C ends it.
import { newWebSocketRpcSession, RpcTarget } from "@proj/capnweb-rpc";
import { build } from "esbuild";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { WebSocketServer } from "ws";

const members = new Map();
const say = (text) => {
  // Nobody waits for a slow page, and a page that is gone is taken out below.
  for (const { show } of members.values()) show(text).catch(() => undefined);
};

/** What a page may do once it is in: it can only speak in its own name. */
class Membership extends RpcTarget {
  #name;
  constructor(name) {
    super();
    this.#name = name;
  }
  say(text) {
    if (typeof text !== "string" || text.length > 500)
      throw new TypeError("500 characters at most");
    say(`${this.#name}: ${text}`);
  }
  others() {
    return [...members.keys()].filter((name) => name !== this.#name);
  }
  [Symbol.dispose]() {
    if (!members.get(this.#name)?.show) return;
    members.get(this.#name).show[Symbol.dispose]();
    members.delete(this.#name);
    say(`${this.#name} left`);
  }
}

class Room extends RpcTarget {
  /** `show` is a function of the page. It is kept, so it is duplicated. */
  join(name, show) {
    if (typeof name !== "string" || !/^\w{1,20}$/.test(name)) throw new TypeError("a name, please");
    if (members.has(name)) throw new Error(`${name} is here already`);
    members.set(name, { show: show.dup() });
    say(`${name} joined`);
    return new Membership(name);
  }
}

const { outputFiles } = await build({
  entryPoints: [fileURLToPath(new URL("page.mjs", import.meta.url))],
  bundle: true,
  format: "esm",
  write: false,
});
const html = `<!doctype html><title>Chat</title>
<form id="door"><input id="name" placeholder="your name" required><button>join</button></form>
<form id="talk" hidden><input id="text" placeholder="say something"><button>say</button></form>
<pre id="log"></pre><script type="module" src="/page.js"></script>`;
const files = { "/": ["text/html", html], "/page.js": ["text/javascript", outputFiles[0].text] };
const pages = createServer((request, response) => {
  const [type, content] = files[request.url] ?? ["text/plain", "no such page"];
  response.writeHead(request.url in files ? 200 : 404, { "content-type": type });
  response.end(content);
});
await new Promise((resolve) => pages.listen(Number(process.env.PORT ?? 0), "127.0.0.1", resolve));
const origin = `http://127.0.0.1:${pages.address().port}`;

// Browsers let any page open a WebSocket; the server says which pages it wants.
const sockets = new WebSocketServer({
  server: pages,
  path: "/room",
  maxPayload: 65_536,
  verifyClient: (client) => client.origin === origin,
});
sockets.on("connection", (socket) => newWebSocketRpcSession(socket, new Room()));
console.log(`open ${origin}`);
