import type { TempFolder } from "./temp-folder.js";

/** Writes a configuration that takes no fixed port, and returns its path. */
export function nodeConfig(
  folder: TempFolder,
  options: {
    readonly listen?: readonly string[];
    readonly more?: string;
    readonly level?: string;
  } = {},
): string {
  const listen = options.listen ?? ['url = "xcp://127.0.0.1:0"'];
  return folder.write(
    "node.toml",
    [
      ...listen.map((endpoint) => `[[listen]]\n${endpoint}`),
      "[admin]\nport = 0",
      '[control]\nport = 0\ntoken_file = "control.token"',
      `[log]\nformat = "json"\nlevel = "${options.level ?? "info"}"`,
      options.more ?? "",
    ].join("\n"),
  );
}
