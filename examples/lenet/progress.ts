/** A bar for each epoch, for whoever is watching; nothing where the output goes to a file. */
import { SingleBar } from "cli-progress";
import type { Step } from "./training.ts";

export class Progress {
  private bar: SingleBar | undefined;
  private smooth = Number.NaN;

  show({ epoch, number, steps, loss }: Step): void {
    if (!this.bar) {
      const format = `epoch ${epoch}   {bar} {value}/{total}   loss {loss}   {eta} s to go`;
      this.bar = new SingleBar({ format, barsize: 32, hideCursor: true, clearOnComplete: true });
      this.bar.start(steps, 0, { loss: "" });
    }
    this.smooth = Number.isNaN(this.smooth) ? loss : 0.95 * this.smooth + 0.05 * loss;
    this.bar.update(number, { loss: this.smooth.toFixed(3) });
    if (number === steps) this.stop();
  }

  stop(): void {
    this.bar?.stop();
    this.bar = undefined;
  }
}
