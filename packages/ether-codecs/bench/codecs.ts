import { runSuite } from "@proj/bench";
import {
  arrowCodec,
  embeddingEther,
  type Ether,
  type EtherCodec,
  jsonCodec,
  protobufCodec,
  tensorF16Codec,
  tensorF32Codec,
  tensorQnt8Codec,
} from "@proj/ether-codecs";

const one = [embedding(0)];
const hundred = Array.from({ length: 100 }, (_, i) => embedding(i));
const codecs = [protobufCodec, arrowCodec, tensorF32Codec, tensorF16Codec, tensorQnt8Codec()];

await runSuite({
  name: "codecs",
  question: "How long do embeddings of 768 floats take in each codec, next to JSON?",
  cases: [one, hundred].flatMap((ethers) => [
    {
      name: `encode ${ethers.length} × 768`,
      pace: { kind: "batch" as const },
      payloadBytes: ethers.length * 3072,
      peers: [...codecs, jsonCodec].map((codec) => ({
        name: codec.name,
        open: () => ({ run: () => encodeAll(codec, ethers) }),
      })),
    },
    {
      name: `decode ${ethers.length} × 768`,
      pace: { kind: "batch" as const },
      payloadBytes: ethers.length * 3072,
      peers: [...codecs, jsonCodec].map((codec) => {
        const bodies = encodeAll(codec, ethers);
        return { name: codec.name, open: () => ({ run: () => decodeAll(codec, bodies) }) };
      }),
    },
  ]),
});

function embedding(seed: number): Ether {
  return embeddingEther(Float32Array.from({ length: 768 }, (_, i) => Math.sin(seed * 768 + i)));
}

function encodeAll(codec: EtherCodec, ethers: readonly Ether[]): readonly Uint8Array[] {
  if (codec.batches) return [codec.encode(ethers, {}).body];
  return ethers.map((ether) => codec.encode([ether], {}).body);
}

function decodeAll(codec: EtherCodec, bodies: readonly Uint8Array[]): readonly Ether[] {
  return bodies.flatMap((body) => codec.decode(body, {}));
}
