/** What every key of the configuration says. */
export interface KeyBase {
  /** What it decides, in one sentence. */
  readonly meaning: string;
  /** `live`: takes effect at once; `restart`: sessions are closed and taken up again. */
  readonly applies: "live" | "restart";
}

/** One key of the configuration: its type, default and limits. spec/dwcp.md B16 */
export type ConfigKey =
  | (KeyBase & { readonly type: "boolean"; readonly default: boolean })
  | (KeyBase & {
      readonly type: "integer" | "number";
      readonly default: number;
      readonly min: number;
      readonly max: number;
      /** Whether 0 is allowed below `min`: it means that the node finds the value itself. */
      readonly orZero?: true;
    })
  | (KeyBase & {
      readonly type: "choice";
      readonly default: string;
      readonly choices: readonly string[];
    })
  /** An empty text is no text. */
  | (KeyBase & { readonly type: "text"; readonly default: string })
  | (KeyBase & { readonly type: "texts"; readonly default: readonly string[] });

/** What a key holds. */
export type ConfigValueOf<K extends ConfigKey> = K extends { readonly type: "boolean" }
  ? boolean
  : K extends { readonly type: "integer" | "number" }
    ? number
    : K extends { readonly type: "choice"; readonly choices: readonly (infer C)[] }
      ? C
      : K extends { readonly type: "texts" }
        ? readonly string[]
        : string;
