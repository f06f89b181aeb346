/** Int32s in a row of the array that describes copies. */
export const COPY_ROW = 3;

/** The columns that describe one copy, in bytes, as unsigned integers. spec/dcquic.md §22 */
export const Copy = {
  /** First byte in the array that is read. */
  from: 0,
  /** First byte in the array that is written. */
  into: 1,
  /** How many. */
  length: 2,
} as const;
