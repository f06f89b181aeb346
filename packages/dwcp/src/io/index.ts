export { DwcpError } from "../errors.js";
