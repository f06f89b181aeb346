export { type DwcpCode, DwcpCodes, DwcpError, dwcpCodeOf } from "./errors.js";
