/** What is used of one of Node's buffers. */
export interface HostBuffer extends Uint8Array<ArrayBuffer> {
  toString(form?: "base64" | "latin1" | "utf8"): string;
  write(text: string, offset: number, form: "latin1" | "utf8"): number;
}

/** What is used of Node's `Buffer`. */
export interface HostBuffers {
  /** Makes one with memory of its own. */
  allocUnsafeSlow(bytes: number): HostBuffer;
  byteLength(text: string): number;
  from(bytes: ArrayBufferLike, offset: number, length: number): HostBuffer;
  from(text: string, form: "base64"): HostBuffer;
}

/** Node's `Buffer`, where there is one: it converts many times faster than anything written here. */
export const hostBuffers: HostBuffers | undefined = (
  globalThis as { readonly Buffer?: HostBuffers }
).Buffer;
