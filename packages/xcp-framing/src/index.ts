export { type XcpCode, type XcpCodeInfo, XcpCodes, xcpCodeOf, XcpError } from "./errors.js";
