/** The error codes of Node's calls. */

/** The `code` of an error that was thrown, such as 'ENOENT'; `otherwise` where it has none. */
export function hostCode(error: unknown, otherwise = 'EIO'): string {
  if (!(error instanceof Error) || !('code' in error)) return otherwise;
  return typeof error.code === 'string' ? error.code : otherwise;
}
