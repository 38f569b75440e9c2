/**
 * The error class of the control plane: opening a source, booting, mounting, the command line.
 *
 * `code` is stable and for programs (ERR_… for fsbridge's own, an errno's name such as ENOENT where
 * the kernel or the host refused); `what` names the thing, `why` the reason, `advice` the remedy.
 * Match on `code`, never on the text. The data plane does not throw: it answers negative errno.
 */
export class FsBridgeError extends Error {
  readonly code: string;
  readonly what: string;
  readonly why: string;
  readonly advice: string | undefined;

  constructor(code: string, what: string, why: string, advice?: string, options?: ErrorOptions) {
    super(`${what}: ${why} (${code})`, options);
    this.name = 'FsBridgeError';
    this.code = code;
    this.what = what;
    this.why = why;
    this.advice = advice;
  }
}
