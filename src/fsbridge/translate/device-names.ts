/**
 * Names that Win32 takes for devices, whatever directory they are in: CON, PRN, AUX, NUL, COM1 to
 * COM9, LPT1 to LPT9 (the digits may be superscript: ¹ ² ³), CONIN$ and CONOUT$, in any case, with
 * spaces and anything from the first dot on behind them: "nul", "Aux.h", "com1 .txt". Windows 11
 * takes fewer, but a disk goes from one Windows to another.
 */

const first = /^[acnlp]/i;
const device = /^(?:con|prn|aux|nul|(?:com|lpt)[1-9¹²³]|conin\$|conout\$) *(?:\.|$)/i;

/** Whether Win32 would open a device instead of the file of this name. */
export function isDeviceName(name: string): boolean {
  return name.length >= 3 && first.test(name) && device.test(name);
}
