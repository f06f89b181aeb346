/** One thing that a schema found wrong. */
export interface SchemaIssue {
  /** What is wrong, for people. */
  readonly message: string;
  /** The way to it: names and indices, or segments that carry them. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** What a schema answers: the value, perhaps transformed, or what is wrong with it. */
export type SchemaResult<T> =
  | { readonly value: T; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/**
 * A schema of any library that follows Standard Schema, version 1: zod, valibot, ArkType and others.
 *
 * @see https://standardschema.dev
 */
export interface StandardSchema<T = unknown> {
  /** What the library offers under the name that Standard Schema reserves. */
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<T> | Promise<SchemaResult<T>>;
  };
}
