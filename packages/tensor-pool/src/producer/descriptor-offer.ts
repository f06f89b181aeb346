/** Takes descriptors: an Aeron publication. Below zero it says why it did not. */
export interface DescriptorSink {
  /** Takes a copy of the bytes. */
  offer(bytes: Uint8Array): number;
}

/** How often a descriptor is offered again while the transport is busy with itself. spec/tensor-pool.md §8 */
const ADMIN_RETRIES = 8;
const ADMIN_ACTION = -3;

/** Offers a descriptor, again while the transport is busy with itself; tells whether it was taken. */
export function offerDescriptor(sink: DescriptorSink, bytes: Uint8Array): boolean {
  for (let attempt = 0; attempt < ADMIN_RETRIES; attempt++) {
    const result = sink.offer(bytes);
    if (result >= 0) return true;
    if (result !== ADMIN_ACTION) return false;
  }
  return false;
}
