import { bytesOf, itemSize, type Shape, type TypedArray } from "@proj/wire-types";
import type { PoolDType } from "../region/element-type.js";
import { FrameTemplate } from "./frame-template.js";
import type { FrameClaim, FrameOptions, Producer } from "./producer.js";

/** A tensor to publish; a `TensorView` of anything but `float16` is one. */
export interface PublishedTensor {
  /** The type of its elements. */
  readonly dtype: PoolDType;
  /** Sizes of its dimensions. */
  readonly shape: Shape;
  /** Its elements, or their bytes. */
  readonly data: TypedArray;
  /** Distances in elements; by default the last dimension lies closest together. */
  readonly strides?: readonly number[];
}

/** Kinds of frame that are remembered: a stream has few. */
const MAX_TEMPLATES = 64;

/** Publishes tensors by what they look like; headers of frames that look alike are prepared once. */
export class TensorWriter {
  readonly #templates = new Map<string, FrameTemplate>();

  /**
   * Copies a tensor into the pool and publishes it.
   *
   * @returns The frame's `seq`, or one of {@link PublishResult}.
   * @throws `RangeError` for a shape that no reader would accept, or elements that are too few.
   */
  publish(producer: Producer, tensor: PublishedTensor, options?: FrameOptions): number {
    const template = this.template(tensor.dtype, tensor.shape, tensor.strides);
    const bytes = bytesOf(tensor.data);
    const { payloadBytes } = template;
    const payload = bytes.length === payloadBytes ? bytes : bytes.subarray(0, payloadBytes);
    return producer.publish(template, payload, options);
  }

  /**
   * Begins a frame to be written in place, row by row without gaps.
   *
   * @returns The claim, or one of {@link PublishResult}.
   */
  claim(producer: Producer, shape: Shape, dtype: PoolDType): FrameClaim | number {
    return producer.claim(this.template(dtype, shape));
  }

  /** Returns the header of frames that look so. @throws `RangeError` as FrameTemplate */
  template(dtype: PoolDType, shape: Shape, strides?: readonly number[]): FrameTemplate {
    const key = `${dtype} ${shape.join()} ${strides?.join() ?? ""}`;
    const known = this.#templates.get(key);
    if (known !== undefined) return known;
    const stridesBytes = strides?.map((stride) => stride * itemSize(dtype));
    const made = new FrameTemplate({
      dtype,
      shape,
      ...(stridesBytes === undefined ? {} : { stridesBytes }),
    });
    if (this.#templates.size >= MAX_TEMPLATES) this.#templates.clear();
    this.#templates.set(key, made);
    return made;
  }
}
