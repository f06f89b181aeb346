export { nodeCrc32, nodeHdePlatform, nodeHdePlatformWith } from "./node-hde-platform.js";
export { type ChosenEngine, chooseEngine, selfTest } from "./zstd/choose-engine.js";
export { nativeEngine } from "./zstd/native-engine.js";
export { wasmEngine } from "./zstd/wasm-engine.js";
export { zlibEngine } from "./zstd/zlib-engine.js";
