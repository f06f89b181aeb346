// The other side of a Unix socket, and of files that are told of through one.
import { once } from "node:events";
import { openSync, readSync } from "node:fs";
import { createServer } from "node:net";
import { serveProcess } from "@proj/bench";

await serveProcess(async (input) => {
  const { kind, path, bytes, file } = input as {
    kind: "socket" | "file";
    path: string;
    bytes: number;
    file: string;
  };
  const into = new Uint8Array(bytes);
  const server = createServer((socket) => {
    let come = 0;
    const descriptor = kind === "file" && bytes > 0 ? openSync(file, "r") : -1;
    socket.on("data", (chunk) => {
      come += chunk.length;
      if (kind === "socket" && come < bytes) return;
      come = 0;
      if (descriptor >= 0) readSync(descriptor, into, 0, bytes, 0);
      socket.write(Uint8Array.of(1));
    });
  });
  server.listen(path);
  await once(server, "listening");
  return { ready: null };
});
