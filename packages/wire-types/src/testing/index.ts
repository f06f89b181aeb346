export { type Case, check } from "./case.js";
