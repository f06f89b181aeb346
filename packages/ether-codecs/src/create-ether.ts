import type { TensorView } from "@proj/wire-types";
import { EtherError } from "./errors.js";
import { completeEther, type Ether, type EtherInit } from "./ether.js";
import { etherInitSchema, formatIssues } from "./ether-init.js";
import type { QuantizedTensor } from "./tensor/quantized-tensor.js";
import type { ValueMap } from "./value.js";

/**
 * Makes an Ether from its parts and fills in defaults.
 *
 * Maps, vectors and bytes are kept, not copied.
 *
 * @throws EtherError `ether.ether_invalid` naming every problem.
 * @see spec/xcp.md §13
 */
export function createEther(init: EtherInit): Ether {
  const parsed = etherInitSchema.safeParse(init);
  if (parsed.success) return completeEther(init);
  const problems = formatIssues(parsed.error);
  throw new EtherError("ether.ether_invalid", problems.join("; "), {
    details: { problems: problems.length },
    cause: parsed.error,
  });
}

/** What every factory takes besides the payload. */
export type EtherExtras = Omit<EtherInit, "kind" | "payload">;

/** Makes an Ether of kind `text`. @throws EtherError `ether.ether_invalid` */
export function textEther(text: string, extras: EtherExtras = {}): Ether {
  return createEther({ ...extras, kind: "text", payload: { text } });
}

/**
 * Makes an Ether of kind `tokens`: ids as u32, and for each whether it counts.
 *
 * @throws EtherError `ether.ether_invalid` for ids outside u32 or a mask of another length.
 */
export function tokensEther(
  tokenIds: Uint32Array | readonly number[],
  mask?: readonly boolean[],
  extras: EtherExtras = {},
): Ether {
  const bad = tokenIds.find((id) => !Number.isInteger(id) || id < 0 || id > 0xffff_ffff);
  if (bad !== undefined) throw invalid(`token id ${bad} is no u32`);
  if (mask !== undefined && mask.length !== tokenIds.length) {
    throw invalid(`${mask.length} mask entries for ${tokenIds.length} tokens`);
  }
  const ids = tokenIds instanceof Uint32Array ? tokenIds : Uint32Array.from(tokenIds);
  const payload: ValueMap = mask === undefined ? { token_ids: ids } : { token_ids: ids, mask };
  return createEther({ ...extras, kind: "tokens", payload });
}

/**
 * Makes an Ether of kind `embedding`; `dim` is the length of the vector.
 *
 * @throws EtherError `ether.ether_invalid` for an empty vector.
 */
export function embeddingEther(
  values: Float32Array | readonly number[],
  extras: EtherExtras = {},
): Ether {
  if (values.length === 0) throw invalid("an embedding has at least one value");
  const vector = values instanceof Float32Array ? values : Float32Array.from(values);
  return createEther({
    ...extras,
    kind: "embedding",
    payload: { values: vector, dim: vector.length },
  });
}

/** Pixels of one byte per channel, row-major: height × width × channels. */
export interface ImagePixels {
  /** Pixels per row. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** Bytes per pixel. */
  readonly channels: number;
  /** height × width × channels bytes. */
  readonly data: Uint8Array;
}

/** Makes an Ether of kind `image`. @throws EtherError `ether.ether_invalid` when the data has another length. */
export function imageEther(image: ImagePixels, extras: EtherExtras = {}): Ether {
  const { width, height, channels, data } = image;
  for (const [name, size] of Object.entries({ width, height, channels })) {
    if (!Number.isInteger(size) || size < 1) throw invalid(`${name} is ${size}`);
  }
  if (data.length !== width * height * channels) {
    throw invalid(`${height}×${width}×${channels} pixels are not ${data.length} bytes`);
  }
  return createEther({ ...extras, kind: "image", payload: { width, height, channels, data } });
}

/** Makes an Ether of kind `tensor`, which holds one tensor and no schema of its own. */
export function tensorEther(tensor: TensorView | QuantizedTensor, extras: EtherExtras = {}): Ether {
  return createEther({ ...extras, kind: "tensor", payload: { data: tensor } });
}

function invalid(what: string): EtherError {
  return new EtherError("ether.ether_invalid", what);
}
