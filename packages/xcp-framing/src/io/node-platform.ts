import type { Platform } from "../platform.js";
export const nodePlatform: Platform = undefined as never;
