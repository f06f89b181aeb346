import { standardCodecs, standardSchemas } from "@proj/ether-codecs";
import type { LinkToolkit } from "./ether-link.js";

/** Makes the codecs and schemas of one process. */
export function createToolkit(): LinkToolkit {
  return { codecs: standardCodecs(), schemas: standardSchemas() };
}
