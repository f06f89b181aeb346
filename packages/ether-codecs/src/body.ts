import type { CodecPolicy } from "@proj/wire-types";
import type { CodecRegistry } from "./codec-registry.js";
import type { CodecContext, EncodedBody, EtherCodec } from "./codec.js";
import { EtherError } from "./errors.js";
import type { Ether } from "./ether.js";
import { withTrace } from "./metadata/trace-tags.js";
import { prepareEthers, type PrepareOptions, validateEther } from "./prepare-ethers.js";
import { checkCodecPolicy } from "./routing/codec-policy.js";
import { type ChoiceOptions, codecCandidates } from "./routing/choose-codec.js";
import { checkClaim } from "./schema/claim.js";

/** Who decides about a received body. */
export interface DecodeBodyOptions extends CodecContext {
  /** Default `Any`. spec/xcp.md §15.3 */
  readonly policy?: CodecPolicy;
}

/** Who decides about bodies to send. */
export interface EncodeBodiesOptions extends PrepareOptions, Omit<ChoiceOptions, "debug"> {}

/**
 * Decodes a received body and checks it against its header: policy, codec, claimed kind and version, and the schema where
 * `schemas` knows it.
 *
 * @throws EtherError `ether.codec_policy`, `ether.codec_unsupported`, `ether.schema_unknown`, `ether.schema_version`,
 * `ether.schema_hash`, `ether.kind_mismatch`, `ether.validation`, and what the codec throws.
 * @see spec/xcp.md §13, §15.3, §18
 */
export function decodeBody(
  codecs: CodecRegistry,
  bodyCodec: number,
  body: Uint8Array,
  options: DecodeBodyOptions = {},
): readonly Ether[] {
  checkCodecPolicy(bodyCodec, body, options.policy ?? "Any");
  const codec = codecs.get(bodyCodec);
  if (codec === undefined) {
    throw new EtherError("ether.codec_unsupported", `no codec has id ${bodyCodec}`);
  }
  const key = options.schemaKey;
  const schema = key === undefined ? undefined : options.schemas?.find(key);
  const ethers = codec.decode(body, options);
  for (const ether of ethers) {
    checkClaim(ether, key);
    if (schema !== undefined) validateEther(ether, schema);
  }
  return ethers;
}

/**
 * Encodes Ethers in the codecs that suit them: neighbours of one kind and version share a body where the codec batches,
 * and where a codec cannot carry an Ether the next of its fallback chain does.
 *
 * They are checked and trimmed first, as `prepareEthers` does. A trace that the Ethers of a body share goes into its tags, too.
 *
 * @returns Bodies in the order of `ethers`.
 * @throws EtherError as `prepareEthers` and `codecCandidates` do; `ether.ether_invalid` from the preferred codec when no other can carry the
 * Ether.
 * @see spec/xcp.md §15, §18, §21, §22
 */
export function encodeBodies(
  codecs: CodecRegistry,
  ethers: readonly Ether[],
  options: EncodeBodiesOptions,
): readonly EncodedBody[] {
  return runsOfOneKind(prepareEthers(ethers, options)).flatMap((run) =>
    encodeRun(codecs, run, options),
  );
}

/**
 * Encodes Ethers of one kind as one body in `codec`, as `encodeBodies` does when it has chosen one.
 *
 * @throws EtherError as `prepareEthers` and the codec do.
 * @see spec/xcp.md §14, §18, §21, §22
 */
export function encodeBody(
  codec: EtherCodec,
  ethers: readonly Ether[],
  options: PrepareOptions = {},
): EncodedBody {
  const prepared = prepareEthers(ethers, options);
  return withTrace(codec.encode(prepared, options), prepared);
}

function encodeRun(
  codecs: CodecRegistry,
  run: readonly Ether[],
  options: EncodeBodiesOptions,
): readonly EncodedBody[] {
  const common = options.common.filter((id) => codecs.get(id) !== undefined);
  const candidates = codecCandidates(run, { ...options, common }, options);
  let refused: EtherError | undefined;
  for (const id of candidates) {
    const codec = codecs.get(id);
    if (codec === undefined) continue;
    try {
      return encodeWith(codec, run, options);
    } catch (thrown) {
      if (!(thrown instanceof EtherError) || thrown.code !== "ether.ether_invalid") throw thrown;
      refused ??= thrown;
    }
  }
  throw refused ?? new EtherError("ether.codec_unsupported", "no codec of the chain is registered");
}

function encodeWith(
  codec: EtherCodec,
  run: readonly Ether[],
  context: CodecContext,
): readonly EncodedBody[] {
  const bodies = codec.batches || run.length === 1 ? [run] : run.map((ether) => [ether]);
  return bodies.map((ethers) => withTrace(codec.encode(ethers, context), ethers));
}

function runsOfOneKind(ethers: readonly Ether[]): readonly (readonly Ether[])[] {
  const runs: Ether[][] = [];
  for (const ether of ethers) {
    const run = runs.at(-1);
    const first = run?.[0];
    const same = first?.kind === ether.kind && first.schemaVersion === ether.schemaVersion;
    if (run !== undefined && same) run.push(ether);
    else runs.push([ether]);
  }
  return runs;
}
