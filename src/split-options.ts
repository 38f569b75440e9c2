/** Mount options as text: "noatime,data=journal". */

/**
 * The options one by one, without empty ones. Commas separate them, but not inside double quotes
 * (mount(8), "FILESYSTEM-INDEPENDENT MOUNT OPTIONS"); the quotes stay.
 */
export function splitOptions(text: string): string[] {
  return text.match(/(?:[^,"]|"[^"]*"|")+/g) ?? [];
}

/** An option without its quotes. */
export function unquoteOption(option: string): string {
  return option.replaceAll('"', '');
}
