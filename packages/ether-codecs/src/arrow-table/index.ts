export { readTable, TABLE_KIND, tableBody, type TableBodyOptions } from "./table-body.js";
