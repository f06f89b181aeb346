import { runSuite } from "@proj/bench";
import { decodeEtherProto, embeddingEther, encodeEtherProto } from "@proj/ether-codecs";
import protobuf from "protobufjs";
import { xcp } from "../test/generated/ether-proto.mjs";

const values = Float32Array.from({ length: 768 }, (_, i) => Math.sin(i));
const ether = embeddingEther(values, { metadata: { trace_id: "t-1" } });
const body = encodeEtherProto(ether);

// The same vector as a schema of its own would say it, without the map of tagged values.
const packed = protobuf
  .parse(
    `syntax = "proto3";
    message Embedding {
      string kind = 1;
      uint32 schema_version = 2;
      repeated float values = 3;
      uint32 dim = 4;
      map<string, string> metadata = 5;
    }`,
  )
  .root.lookupType("Embedding");

await runSuite({
  name: "etherproto",
  question: "How long does an embedding of 768 floats take as an EtherProto message?",
  cases: [
    {
      name: "encode",
      pace: { kind: "batch" },
      payloadBytes: body.length,
      peers: [
        { name: "encodeEtherProto", open: () => ({ run: () => encodeEtherProto(ether) }) },
        {
          name: "protobufjs, the same bytes",
          target: { atMost: 0.76 },
          open: () => ({ run: encodeSameBytes }),
        },
        {
          name: "protobufjs, packed floats",
          target: { atMost: 0.76 },
          open: () => ({ run: encodePacked }),
        },
      ],
    },
    {
      name: "decode",
      pace: { kind: "batch" },
      payloadBytes: body.length,
      peers: [
        { name: "decodeEtherProto", open: () => ({ run: () => decodeEtherProto(body) }) },
        {
          name: "protobufjs, and the vector of its bytes",
          open: () => ({ run: () => vectorOf(xcp.EtherProto.decode(body).payload["values"]) }),
        },
      ],
    },
  ],
});

function encodeSameBytes(): Uint8Array {
  const value = new Uint8Array(1 + values.byteLength);
  value[0] = 0x90;
  value.set(new Uint8Array(values.buffer), 1);
  const payload = { values: value, dim: Uint8Array.of(0x83, 0x80, 0x0c) };
  const metadata = { trace_id: Uint8Array.of(0x74, 0x2d, 0x31) };
  return xcp.EtherProto.encode({ kind: "embedding", schemaVersion: 1, payload, metadata }).finish();
}

function encodePacked(): Uint8Array {
  const metadata = { trace_id: "t-1" };
  return packed
    .encode({ kind: "embedding", schemaVersion: 1, values, dim: 768, metadata })
    .finish();
}

// The floats lie behind the tag byte, so they are copied to where they are aligned.
function vectorOf(value: Uint8Array | undefined): Float32Array {
  return new Float32Array(new Uint8Array((value ?? body).subarray(1)).buffer);
}
