import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type Peer, python } from "@proj/peers/find";
import { CodecId } from "@proj/wire-types";
import { openConnection } from "@proj/xcp-framing";
import { connectTcp, nodePlatform } from "@proj/xcp-framing/node";
import type { EchoServer, ForeignEchoPeer } from "./peer.js";

const program = fileURLToPath(new URL("../../test/interop/python/peer.py", import.meta.url));

/**
 * The profile of the Python reference, served by the Python peer of the tests: it gives back the bytes as they are, as the
 * other servers do. Its client is ours.
 */
export const pythonPeer: Peer<ForeignEchoPeer> = withPython(python("google_crc32c"));

function withPython(found: Peer<string>): Peer<ForeignEchoPeer> {
  if ("lack" in found) return found;
  return { name: found.name, found: { start: () => startServer(found.found), connect } };
}

async function startServer(interpreter: string): Promise<EchoServer> {
  const child = spawn(interpreter, [program, "echo"], { stdio: ["pipe", "pipe", "inherit"] });
  const exited = once(child, "exit");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error("the Python server ended");
    return value;
  };
  const port = Number(await nextLine());
  return {
    port,
    async cpu() {
      child.stdin.write("\n");
      const [user = 0, system = 0] = (await nextLine()).split(" ").map(Number);
      return { user, system };
    },
    async close() {
      child.kill();
      await exited;
    },
  };
}

async function connect(port: number): ReturnType<ForeignEchoPeer["connect"]> {
  const stream = await connectTcp({ host: "127.0.0.1", port });
  const connection = await openConnection(stream, "initiator", {
    platform: nodePlatform,
    codecs: [CodecId.JSON],
    profile: "v0.2-json",
  });
  return {
    async echo(body) {
      const reply = await connection.request({ bodyCodec: CodecId.JSON, body });
      return reply.body;
    },
    close: () => connection.destroy(),
  };
}
