// Files over Cap'n Web: streams both ways, ranges, and progress by callback. The folder is made for the example.
import { newWebSocketRpcSession, RpcTarget } from "@proj/capnweb-rpc";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { WebSocketServer } from "ws";

/** One file; whoever holds it can read it, and reach nothing else. */
class File extends RpcTarget {
  #path;
  constructor(path) {
    super();
    this.#path = path;
  }
  async size() {
    return (await stat(this.#path)).size;
  }
  /** Streams the bytes from `start` to `end`, that one included. The reader's pace is the disk's. */
  read({ start = 0, end = Infinity } = {}) {
    return Readable.toWeb(createReadStream(this.#path, { start, end }));
  }
}

class Folder extends RpcTarget {
  #path;
  constructor(path) {
    super();
    this.#path = path;
  }
  #resolve(name) {
    if (!/^[\w-]+(\.[\w-]+)*$/.test(name)) throw new TypeError(`no file name: ${name}`);
    return join(this.#path, name);
  }
  open(name) {
    return new File(this.#resolve(name));
  }
  /** Stores a stream, telling `progress` about every MiB, and waiting for it. */
  async write(name, stream, progress) {
    let [bytes, told] = [0, 0];
    const counted = async function* (chunks) {
      for await (const chunk of chunks) {
        bytes += chunk.length;
        for (; told + 2 ** 20 <= bytes; told += 2 ** 20) await progress(told + 2 ** 20);
        yield chunk;
      }
    };
    await pipeline(stream, counted, createWriteStream(this.#resolve(name), { flags: "wx" }));
    return bytes;
  }
}

const path = await mkdtemp(join(tmpdir(), "capnweb-files-"));
const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
server.on("connection", (socket) => newWebSocketRpcSession(socket, new Folder(path)));
await once(server, "listening");
const folder = newWebSocketRpcSession(`ws://127.0.0.1:${server.address().port}`);
const sha256 = async (stream) => {
  const hash = createHash("sha256");
  for await (const chunk of stream) hash.update(chunk);
  return hash.digest("hex");
};

// 3 MiB in chunks of 64 KiB; the stream's flow control keeps both ends' memory small.
const chunks = Array.from({ length: 48 }, (_, i) => new Uint8Array(65_536).fill(i));
const progress = (bytes) => console.log(`  ${bytes >> 20} MiB`);
console.log("upload");
console.log(`${await folder.write("numbers.bin", ReadableStream.from(chunks), progress)} bytes`);

const file = folder.open("numbers.bin");
console.log(`the file has ${await file.size()} bytes`);
const same = (await sha256(await file.read())) === (await sha256(chunks));
console.log(`download: ${same ? "the same bytes" : "other bytes"}`);

const range = [];
for await (const chunk of await file.read({ start: 65_530, end: 65_541 })) range.push(...chunk);
console.log(`range: ${range.join(" ")}`);

await folder
  .open("../secret")
  .size()
  .catch((error) => console.log(error.message));

folder[Symbol.dispose]();
server.close();
await rm(path, { recursive: true });
