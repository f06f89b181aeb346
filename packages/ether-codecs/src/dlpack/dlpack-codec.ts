import { CodecId, TensorView } from "@proj/wire-types";
import { checkBodySize, onlyEther } from "../assemble-ether.js";
import type { CodecContext, EncodedBody, EtherCodec } from "../codec.js";
import { EtherError } from "../errors.js";
import type { Ether } from "../ether.js";
import { type EtherLimits, resolveEtherLimits } from "../limits.js";
import { blockOf } from "../tensor/block.js";
import { bareTensorOf, etherFromTensor } from "../tensor/tensor-ether.js";
import type { Value } from "../value.js";
import {
  decodeDlpack,
  DEVICE_CPU,
  type DlpackDescriptor,
  type DlpackHandle,
  encodeDlpack,
} from "./descriptor.js";
import { describeTensor, type DescribeOptions, tensorOverStorage } from "./dlpack-tensor.js";
import type { InProcessTensors } from "./in-process-tensors.js";

/** What can be reached from here; whatever is absent is `ether.device_unavailable`. */
export interface DlpackCodecOptions {
  /**
   * Copies or maps the bytes a `shm://` URI names, of a connection whose peer proved to be on this host.
   *
   * Throws EtherError `ether.shm_unavailable` when it cannot.
   */
  readonly readShm?: (uri: string, sizeBytes: number) => Uint8Array;
  /** The registry of a transport that does not leave this process. */
  readonly inProcess?: InProcessTensors;
  /** Opens CUDA IPC and descriptor handles, and memory that is not the host's; `undefined` when it cannot. */
  readonly openDevice?: (descriptor: DlpackDescriptor) => TensorView | undefined;
}

/**
 * DLPACK: one tensor by descriptor, without an envelope. spec/xcp.md §14.8, §14.6
 *
 * Used only when both sides set feature bit 3.
 */
export class DlpackCodec implements EtherCodec {
  /** 0x0021. */
  readonly id: number = CodecId.DLPACK;
  /** The registered name. */
  readonly name: string = "DLPACK";
  /** A private form: DLPack registers none. */
  readonly mediaType: string = "application/octet-stream";
  /** One tensor is one body. */
  readonly batches: boolean = false;
  readonly #options: DlpackCodecOptions;

  /** Without options only inline tensors of the host can be read. */
  constructor(options: DlpackCodecOptions = {}) {
    this.#options = options;
  }

  /**
   * Encodes the tensor of one Ether inline; see {@link encodeDlpackEther} for other handles.
   *
   * @throws EtherError `ether.ether_invalid` for an Ether that is more than one tensor.
   */
  encode(ethers: readonly Ether[], context: CodecContext): EncodedBody {
    return encodeDlpackEther(onlyEther(ethers, this.name), context, inlineHandle);
  }

  /**
   * Decodes a descriptor and fetches its tensor: a view of `body` when it is inline and aligned.
   *
   * @throws EtherError `ether.tensor_header`, `ether.tensor_size`, `ether.shm_unavailable`,
   * `ether.device_unavailable` for memory that cannot be reached from here, `ether.too_large`.
   */
  decode(body: Uint8Array, context: CodecContext): readonly Ether[] {
    const limits = context.limits ?? resolveEtherLimits();
    checkBodySize(body, limits);
    return [etherFromTensor(this.#fetch(decodeDlpack(body), limits), context)];
  }

  #fetch(descriptor: DlpackDescriptor, limits: EtherLimits): TensorView {
    const { deviceType, handle, storageBytes } = descriptor;
    const { readShm, inProcess, openDevice } = this.#options;
    if (deviceType === DEVICE_CPU && handle.kind === "inline") {
      return tensorOverStorage(descriptor, handle.storage, limits);
    }
    if (deviceType === DEVICE_CPU && handle.kind === "shm" && readShm !== undefined) {
      if (storageBytes > limits.maxBodyBytes) {
        throw new EtherError(
          "ether.too_large",
          `DLPACK: storage of ${storageBytes} bytes, limit ${limits.maxBodyBytes}`,
        );
      }
      return tensorOverStorage(descriptor, readShm(handle.uri, storageBytes), limits);
    }
    const tensor =
      handle.kind === "inProcess" ? inProcess?.take(handle.token) : openDevice?.(descriptor);
    if (tensor === undefined) throw unavailable(descriptor);
    if (!isDescribed(tensor, descriptor)) {
      throw new EtherError("ether.tensor_header", "DLPACK: the memory holds another tensor");
    }
    return tensor;
  }
}

/** The codec for inline DLPACK bodies. */
export const dlpackCodec: EtherCodec = new DlpackCodec();

/** Chooses where a tensor's memory is: the bytes are its elements, row-major. */
export type HandleFactory = (tensor: TensorView, bytes: () => Uint8Array) => DlpackHandle;

/**
 * Encodes the tensor of one Ether behind the handle that `place` chooses, for instance a shared-memory object.
 *
 * @throws EtherError `ether.ether_invalid` for an Ether that is more than one tensor, and what `place` throws.
 * @see spec/xcp.md §14.8
 */
export function encodeDlpackEther(
  ether: Ether,
  context: CodecContext,
  place: HandleFactory,
  options: DescribeOptions = {},
): EncodedBody {
  const { content, ...header } = bareTensorOf(ether, context);
  const tensor = tensorOf(content);
  const handle = place(tensor, () => tensor.toBytes());
  const body = encodeDlpack(describeTensor(tensor, handle, options));
  return { bodyCodec: CodecId.DLPACK, body, ...header };
}

const inlineHandle: HandleFactory = (_, bytes) => ({ kind: "inline", storage: bytes() });

function tensorOf(content: Value): TensorView {
  if (content instanceof TensorView) return content;
  const block = blockOf(content);
  if (block === undefined) {
    throw new EtherError("ether.ether_invalid", "a DLPACK body carries one vector or tensor");
  }
  return new TensorView(block.dtype, block.shape, block.elements);
}

function isDescribed(tensor: TensorView, { shape }: DlpackDescriptor): boolean {
  return tensor.shape.length === shape.length && tensor.shape.every((size, i) => size === shape[i]);
}

function unavailable({ deviceType, deviceId, handle }: DlpackDescriptor): EtherError {
  return new EtherError(
    "ether.device_unavailable",
    `device ${deviceType}:${deviceId} by ${handle.kind} handle is not reachable from here`,
    { details: { deviceType, deviceId, handle: handle.kind } },
  );
}
