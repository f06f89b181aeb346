// A process at one end of a path: `serve PORT` prints the SHA-256 of each connection's bytes, `send HOST PORT BYTES`
// sends that many bytes of a known pattern and prints how long it took, in milliseconds.
import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { patternBlock } from "./pattern.js";

const [role, ...rest] = process.argv.slice(2);
if (role === "serve") {
  createServer((socket) => {
    const hash = createHash("sha256");
    socket.on("data", (bytes) => hash.update(bytes));
    socket.once("end", () => {
      console.log(hash.digest("hex"));
      socket.end("done");
    });
  }).listen(Number(rest[0]), "0.0.0.0", () => console.log("ready"));
} else {
  const [host = "", port, bytes] = rest;
  const startMs = performance.now();
  const socket = connect({ host, port: Number(port) });
  await once(socket, "connect");
  for (let sent = 0; sent < Number(bytes); sent += patternBlock.length) {
    if (!socket.write(patternBlock)) await once(socket, "drain");
  }
  socket.end().resume();
  await once(socket, "end");
  console.log(Math.round(performance.now() - startMs));
}
