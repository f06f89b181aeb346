export * as wire from "./messages/generated/wire.js";
export * as driver from "./messages/generated/driver.js";
export * as discovery from "./messages/generated/discovery.js";
export * as bridge from "./messages/generated/bridge.js";
export * as merge from "./messages/generated/merge.js";
export * as traceLink from "./messages/generated/trace-link.js";
