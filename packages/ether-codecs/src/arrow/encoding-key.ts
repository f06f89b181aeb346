/** Field metadata that says what the text of a Utf8 column stands for: `json` or `att`. spec/xcp.md §14.7 */
export const ENCODING_KEY = "xcp.enc";
