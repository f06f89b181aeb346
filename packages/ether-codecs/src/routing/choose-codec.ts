import { CodecId, type CodecPolicy } from "@proj/wire-types";
import { EtherError } from "../errors.js";
import type { Ether } from "../ether.js";
import { bareContentOf } from "../tensor/tensor-ether.js";
import type { CodecContext } from "../codec.js";
import { estimateSize, estimateValue, type EtherSize } from "./ether-size.js";

/** From this estimate on, PROTOBUF is preferred to JSON. spec/xcp.md §15.1 */
const PROTOBUF_FROM_BYTES = 2048;

/** From this estimate on, ARROW_IPC is preferred to PROTOBUF. spec/xcp.md §15.1 */
const ARROW_FROM_BYTES = 10_240;

/** What a choice depends on besides the Ethers. */
export interface ChoiceOptions {
  /** Codec ids that both sides have. */
  readonly common: readonly number[];
  /** Default `Any`. §15.3 */
  readonly policy?: CodecPolicy;
  /** Tensor codecs that may replace the envelope of a single tensor of 2048 bytes or more, best first. §15.1 */
  readonly tensorCodecs?: readonly number[];
  /** Whether bytes may go into JSON as base64. §22 */
  readonly debug?: boolean;
}

/**
 * Lists the codecs to try for one Ether, or for a batch of one kind, best first; never empty.
 *
 * @throws EtherError `ether.codec_policy` when only JSON would be left and the policy refuses it, `ether.ether_invalid` when
 * only JSON would be left for raw bytes, `ether.codec_unsupported` when there is nothing in common.
 * @see spec/xcp.md §15.1, §15.2, §15.3
 */
export function codecCandidates(
  ethers: readonly Ether[],
  options: ChoiceOptions,
  context: CodecContext = {},
): readonly number[] {
  const size = batchSize(ethers);
  const policy = options.policy ?? "Any";
  const common = new Set(options.common);
  let chain: readonly number[] = fallbackChain(size);
  if (policy === "BinaryPreferred") {
    chain = [...chain.filter((id) => id !== CodecId.JSON), CodecId.JSON];
  }
  const tensors = tensorCandidates(ethers, size, options, context);
  const usable = [...tensors, ...chain].filter((id) => common.has(id));
  const base64 = size.rawBytes && options.debug !== true;
  const kept = usable.filter(
    (id) => id !== CodecId.JSON || (policy !== "BinaryRequired" && !base64),
  );
  if (kept.length > 0) return kept;
  if (usable.length === 0) {
    throw new EtherError(
      "ether.codec_unsupported",
      `none of ${chain.join(", ")} is common: ${options.common.join(", ") || "nothing is"}`,
    );
  }
  if (policy === "BinaryRequired") {
    throw new EtherError("ether.codec_policy", "only JSON is common, BinaryRequired refuses it");
  }
  throw new EtherError(
    "ether.ether_invalid",
    "raw bytes go into JSON only for debugging: attach them by uri, or agree on a binary codec",
  );
}

/** Names the codec preferred for an estimate when everything is common. spec/xcp.md §15.1 */
export function preferredCodec(size: EtherSize): number {
  if (size.bytes >= ARROW_FROM_BYTES) return CodecId.ARROW_IPC;
  if (size.bytes >= PROTOBUF_FROM_BYTES || size.binary) return CodecId.PROTOBUF;
  return CodecId.JSON;
}

// spec/xcp.md §15.2; ARROW_IPC after PROTOBUF serves a small Ether where nothing else is common.
function fallbackChain(size: EtherSize): readonly number[] {
  switch (preferredCodec(size)) {
    case CodecId.ARROW_IPC:
      return [CodecId.ARROW_IPC, CodecId.PROTOBUF, CodecId.JSON];
    case CodecId.PROTOBUF:
      return [CodecId.PROTOBUF, CodecId.ARROW_IPC, CodecId.JSON];
    default:
      return [CodecId.JSON, CodecId.PROTOBUF, CodecId.ARROW_IPC];
  }
}

function batchSize(ethers: readonly Ether[]): EtherSize {
  const sizes = ethers.map(estimateSize);
  return {
    bytes: sizes.reduce((sum, { bytes }) => sum + bytes, 0),
    binary: sizes.some(({ binary }) => binary),
    rawBytes: sizes.some(({ rawBytes }) => rawBytes),
  };
}

function tensorCandidates(
  ethers: readonly Ether[],
  size: EtherSize,
  options: ChoiceOptions,
  context: CodecContext,
): readonly number[] {
  const [only, second] = ethers;
  const allowed = options.tensorCodecs ?? [];
  if (only === undefined || second !== undefined || allowed.length === 0) return [];
  if (size.bytes < PROTOBUF_FROM_BYTES) return [];
  const content = bareContentOf(only, context);
  return content !== undefined && estimateValue(content) >= PROTOBUF_FROM_BYTES ? allowed : [];
}
