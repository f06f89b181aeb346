export { loadSchemaFolder, type SchemaFolder, sha256Node } from "./schema-files.js";
