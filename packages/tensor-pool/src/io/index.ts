export { poolBytes } from "../region/layout.js";
