/**
 * Many share it, or one has it alone. Who wants it alone waits for those who share it and keeps later
 * ones out meanwhile, so that neither kind starves.
 */
export class SharedLock {
  #sharing = 0;
  #alone = false;
  #waiting: { readonly alone: boolean; readonly go: () => void }[] = [];

  /** Takes a share if nobody has or wants it alone; true: `leaveShared` is due. */
  tryShared(): boolean {
    if (this.#alone || this.#waiting.length > 0) return false;
    this.#sharing++;
    return true;
  }

  async shared(): Promise<void> {
    if (!this.tryShared()) await this.#wait(false);
  }

  async alone(): Promise<void> {
    if (this.#alone || this.#sharing > 0 || this.#waiting.length > 0) await this.#wait(true);
    else this.#alone = true;
  }

  leaveShared(): void {
    this.#sharing--;
    this.#next();
  }

  leaveAlone(): void {
    this.#alone = false;
    this.#next();
  }

  #wait(alone: boolean): Promise<void> {
    return new Promise((go) => this.#waiting.push({ alone, go }));
  }

  /** Whoever is let in has it from now on, although it goes on a moment later. */
  #next(): void {
    for (;;) {
      const [first] = this.#waiting;
      if (first === undefined || this.#alone || (first.alone && this.#sharing > 0)) return;
      this.#waiting.shift();
      if (first.alone) this.#alone = true;
      else this.#sharing++;
      first.go();
    }
  }
}
