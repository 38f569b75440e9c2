/**
 * Files of this program that are started, not imported: workers and processes. In a checkout they
 * end in .ts, in the package in .js, as does the file that starts them.
 */

/**
 * The module at that path without its ending, relative to the module whose import.meta.url is
 * given: siblingModule(import.meta.url, './transact-worker').
 */
export function siblingModule(importMetaUrl: string, pathWithoutEnding: string): URL {
  const ending = importMetaUrl.slice(importMetaUrl.lastIndexOf('.'));
  return new URL(`${pathWithoutEnding}${ending}`, importMetaUrl);
}
