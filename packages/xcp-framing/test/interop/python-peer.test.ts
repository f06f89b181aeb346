import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "@jest/globals";
import { describeWith, python } from "@proj/peers";
import { CodecId, decodeUtf8, encodeUtf8 } from "@proj/wire-types";
import { type ConnectionOptions, openConnection } from "@proj/xcp-framing";
import { connectTcp, listenTcp, nodePlatform } from "@proj/xcp-framing/node";

const peer = fileURLToPath(new URL("../../test/interop/python/peer.py", import.meta.url));
const run = promisify(execFile);

const common: ConnectionOptions = {
  platform: nodePlatform,
  codecs: [CodecId.PROTOBUF, CodecId.JSON],
};

/** Answers an Ether with the same Ether, marked, in the codec it came in. */
const answering: ConnectionOptions["handler"] = (message) => {
  const ether = JSON.parse(decodeUtf8(message.body)) as { metadata?: Record<string, string> };
  const body = encodeUtf8(JSON.stringify({ ...ether, metadata: { seen_by: "us" } }));
  return { bodyCodec: message.bodyCodec, body };
};

describeWith("a Python peer of v0.2-json", python("google_crc32c"), (interpreter) => {
  test("§5.1: its client is served by a responder that detects the profile", async () => {
    const listener = await listenTcp({ host: "127.0.0.1", port: 0 }, (stream) => {
      void openConnection(stream, "responder", { ...common, handler: answering });
    });
    const port = listener.address.kind === "inet" ? listener.address.port : 0;
    const { stdout } = await run(interpreter, [peer, "client", String(port)]);
    await listener.close();

    const findings = JSON.parse(stdout);
    expect(findings.caps).toMatchObject({
      type: 1,
      reply: 1,
      body: { codecs: [8, 1], max_frame_bytes: 1048576, shared_mem: false },
    });
    expect(findings.flags).toEqual([0, 0, 0, 0]);
    expect(findings.reply_types).toEqual([0x0100, 0x0100, 0x0100]);
    expect(findings.in_reply_to).toEqual([1, 2, 3]);
    expect(findings.bodies.map((body: { codec: number }) => body.codec)).toEqual([1, 8, 1]);
    expect(findings.bodies[0].ether.payload).toEqual({ text: "request 1 é" });
    expect(findings.bodies[0].ether.metadata).toEqual({ seen_by: "us" });
    expect(findings.pong).toEqual({ type: 5, body: '{"nonce":7}' });
    expect(findings.clock_id).toBe(1795230449501688);
  });

  test.each(["v0.2-json", "auto"] as const)(
    "§5.1: an initiator with profile %s is served by its server",
    async (profile) => {
      const server = spawn(interpreter, [peer, "serve"], { stdio: ["pipe", "pipe", "inherit"] });
      const [line] = (await once(server.stdout, "data")) as [Buffer];
      const port = Number(line.toString());
      const connection = await connect(port, profile);

      const body = encodeUtf8(
        JSON.stringify({ kind: "text", schema_version: 1, payload: { text: "é" }, metadata: {} }),
      );
      const requests = [1, 2, 3].map(() =>
        connection.request({ bodyCodec: CodecId.JSON, body, channelId: 1 }),
      );
      for (const reply of await Promise.all(requests)) {
        expect(reply.msgId).toBe(0);
        expect(JSON.parse(decodeUtf8(reply.body))).toMatchObject({
          payload: { text: "é" },
          metadata: { seen_by: "python" },
          attachments: [{ id: "none", uri: null }],
        });
      }
      await connection.close();
      server.stdin.end();
      await once(server, "exit");
    },
  );
});

// A connection of profile `auto` has one transport; falling back to another one is its client's part.
async function connect(port: number, profile: "v0.2-json" | "auto") {
  const { connectXcp } = await import("@proj/xcp-framing/node");
  if (profile === "auto") {
    const client = await connectXcp(`xcp://127.0.0.1:${port}`, { ...common, profile });
    return client;
  }
  const stream = await connectTcp({ host: "127.0.0.1", port });
  return openConnection(stream, "initiator", { ...common, profile });
}
