import { type Peer, runSuite, spawnServer } from "@proj/bench";
import { embeddingEther, standardCodecs, standardSchemas } from "@proj/ether-codecs";
import type { CodecName } from "@proj/wire-types";
import { connectXcp } from "@proj/xcp-framing/node";
import { EtherCoder } from "#src/ether-coder.js";
import { BODY_CODECS, RAW } from "./body-codecs.js";

const sizes = [
  { name: "1 KiB", bytes: 1024 },
  { name: "10 KiB", bytes: 10 * 1024 },
  { name: "100 KiB", bytes: 100 * 1024 },
  { name: "1 MiB", bytes: 1024 * 1024 },
];
const codecs: readonly CodecName[] = ["ARROW_IPC", "PROTOBUF", "TENSOR_F32", "JSON"];
const FRESH_FLOATS = 4;

await runSuite({
  name: "bodies",
  question: "How long does an XCP echo of one embedding take in each codec, next to raw bytes?",
  cases: sizes.map(({ name, bytes }) => ({
    name: `${name}, sequential`,
    pace: { kind: "sequential" as const },
    payloadBytes: bytes,
    peers: [...codecs.map((codec) => embedding(codec, bytes)), embedding(undefined, bytes)],
  })),
});

/** Both ends encode and decode an embedding of `bytes`; without a codec its numbers travel as they are. */
function embedding(codec: CodecName | undefined, bytes: number): Peer {
  return {
    name: codec ?? "raw bytes",
    async open() {
      const server = await spawnServer<{ url: string }>(
        new URL("./bodies-server.js", import.meta.url),
        null,
      );
      const client = await connectXcp(server.ready.url, { codecs: BODY_CODECS });
      const { negotiated } = await client.connect();
      const coder = new EtherCoder(standardCodecs(), standardSchemas(), negotiated);
      const values = Float32Array.from({ length: bytes / 4 }, Math.random);
      const raw = async (): Promise<number> => {
        const body = new Uint8Array(values.slice().buffer);
        return (await client.request({ bodyCodec: RAW, body })).body.length / 4;
      };
      const encoded = async (): Promise<unknown> => {
        const reply = await client.request(coder.encode([embeddingEther(values)], { codec }));
        return coder.decode(reply)[0]?.payload["dim"];
      };
      return {
        async run() {
          for (let i = 0; i < FRESH_FLOATS; i++) values[i] = Math.random();
          const dim = await (codec === undefined ? raw() : encoded());
          if (dim !== values.length) throw new Error(`${codec} returned ${String(dim)} numbers`);
        },
        cpu: () => server.cpu(),
        async close() {
          await client.close();
          await server.close();
        },
      };
    },
  };
}
