/** What a call of Node's says about its failure. */

/** The `code` of what was thrown, such as 'ENOENT'; `otherwise` where it has none. */
export function hostCode(error: unknown, otherwise = 'EIO'): string {
  if (!(error instanceof Error) || !('code' in error)) return otherwise;
  return typeof error.code === 'string' ? error.code : otherwise;
}
