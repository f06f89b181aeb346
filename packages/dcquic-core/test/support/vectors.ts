import { readFileSync } from "node:fs";

/** A key as §17.8 prints it. */
interface ControlKeyVector {
  readonly direction: 0 | 1;
  readonly worker: number;
  readonly keyId: number;
  readonly key: string;
  readonly iv: string;
}

/** The vectors of §17.1 and §17.8; bytes in hex. */
export interface Vectors {
  readonly varints: readonly (readonly [number, string])[];
  readonly secret: string;
  readonly credentialId: string;
  readonly controlKeys: readonly ControlKeyVector[];
  readonly secretControlKey0: string;
  readonly control: { readonly nonce: string; readonly packet: string };
  readonly data: string;
  readonly unknownPathSecret: string;
  readonly staleKey: string;
  readonly record: { readonly nonce: string; readonly wire: string; readonly binding: string };
  readonly challengeProof: string;
}

/** Reads the vectors; compiled tests lie in dist-test/support. */
export const vectors = JSON.parse(
  readFileSync(new URL("../../vectors/dcquic.json", import.meta.url), "utf8"),
) as Vectors;
