export { systemRandom, systemTime } from "./system.js";
