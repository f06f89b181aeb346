/** What an error of the wire takes down. spec/dwcp.md B2 */
export type ErrorScope = "stream" | "session" | "transfer";

/** Every {@link ErrorScope}. */
export const errorScopes: readonly ErrorScope[] = ["stream", "session", "transfer"];
