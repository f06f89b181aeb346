import type { Platform } from "../platform.js";
/** Decompresses but does not compress. */
export const webPlatform: Platform = undefined as never;
/** Loads the WebAssembly compressor. */
export async function createWebPlatform(): Promise<Platform> {
  return webPlatform;
}
