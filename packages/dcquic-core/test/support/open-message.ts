import { SpareMemory } from "#src/transfer/spare-memory.js";
import type { CryptoBackend } from "@proj/dcquic-core";
import type { PacketAead } from "#src/crypto/backend.js";
import { ImmediateBatch } from "#src/crypto/packet-batch.js";
import type { RecordLayout } from "#src/crypto/records.js";
import { RecordAssembly } from "#src/transfer/record-assembly.js";

/** Opens a whole message as a puller does; `undefined` when a record or the binding does not verify. */
export function openMessage(
  crypto: CryptoBackend,
  aead: PacketAead,
  layout: RecordLayout,
  wire: Uint8Array,
  binding: Uint8Array,
): Uint8Array | undefined {
  const options = { layout, aead, binding, keep: "whole", spare: new SpareMemory(0) } as const;
  const assembly = new RecordAssembly(crypto, wire.length, options);
  assembly.write(new ImmediateBatch(), 0, wire, 0, wire.length);
  for (let index = 0; index < assembly.records; index++) {
    if (assembly.finish(index) === undefined) return undefined;
  }
  return assembly.isBound() ? assembly.takeWhole() : undefined;
}
