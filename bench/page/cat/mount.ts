/** The galloping cat, playing: every photograph is convolved with its neighbours as it is shown. */
import { Chart } from "../curves.ts";
import { part, wantsCalm } from "../dom.ts";
import { digits } from "../format.ts";
import { develop, drawCat, paintMotion, stage } from "./draw.ts";
import { EDGE, type Moment, Motion } from "./motion.ts";

const percent = (share: number) => `${Math.round(100 * share)} %`;

class CatDemo {
  private readonly root: HTMLElement;
  private readonly motion: Motion;
  private readonly prints: readonly ImageBitmap[];
  private readonly chart: Chart;
  private readonly frame: HTMLInputElement;
  private readonly button: HTMLButtonElement;
  private readonly canvases: readonly CanvasRenderingContext2D[];
  private brightest = 0;
  private playing = false;

  constructor(root: HTMLElement, motion: Motion, prints: readonly ImageBitmap[]) {
    this.root = root;
    this.motion = motion;
    this.prints = prints;
    this.frame = part(root, "[name=frame]");
    this.button = part(root, "[data-do=play]");
    this.canvases = ["movie", "answer"].map((name) => stage(part(root, `[data-part=${name}]`), motion));
    this.chart = new Chart(part(root, "[data-part=chart]"), {
      x: { label: "pixels per frame, positive to the right", format: String },
      y: { label: "% of the energy", format: (value) => String(Math.round(value)) },
      series: [{ label: "energy of the answers", colour: "--webgpu" }],
    });
  }

  /** All moments once: what is brightest, and which way the whole movie goes. */
  async open(): Promise<void> {
    const last = this.prints.length - 1 - EDGE;
    let [right, all] = [0, 0];
    for (let t = EDGE; t <= last; t++) {
      const moment = await this.motion.at(t);
      const energy = moment.energies.reduce((sum, value, s) => sum + (moment.speeds[s] === 0 ? 0 : value), 0);
      right += energy * moment.shareToTheRight;
      all += energy;
      for (const [p, value] of moment.right.entries())
        this.brightest = Math.max(this.brightest, value + moment.left[p]);
    }
    this.say(
      "status",
      `The cat runs to the ${right > all / 2 ? "right" : "left"}: ${percent(right / all)} of the energy of all that moves goes that way.`,
    );
    Object.assign(this.frame, { min: String(EDGE), max: String(last), value: String(EDGE) });
    this.frame.addEventListener("input", () => void this.show());
    this.button.addEventListener("click", () => (this.playing ? this.pause() : void this.play()));
    await this.show();
    this.root.dataset.state = "shown";
    if (!wantsCalm()) void this.play();
  }

  private say(name: string, text: string): void {
    part(this.root, `[data-part=${name}]`).textContent = text;
  }

  private pause(): void {
    this.playing = false;
    this.button.textContent = "Play";
  }

  /** Until it is paused, or nobody watches. */
  private async play(): Promise<void> {
    this.playing = true;
    this.button.textContent = "Pause";
    const rate = part<HTMLInputElement>(this.root, "[name=rate]");
    while (this.playing) {
      const next = new Promise((resolve) => setTimeout(resolve, 1000 / rate.valueAsNumber));
      const { value, min, max } = this.frame;
      this.frame.value = value === max ? min : String(Number(value) + 1);
      await this.show();
      await next;
      if (this.root.hidden) this.pause();
    }
  }

  private async show(): Promise<void> {
    const t = this.frame.valueAsNumber;
    const moment = await this.motion.at(t);
    for (const canvas of this.canvases) drawCat(canvas, this.prints[t], this.motion.wall.positions[t]);
    paintMotion(this.canvases[1], moment, this.motion.movie, this.brightest);
    this.root.dataset.shown = String(t);
    const all = moment.energies.reduce((sum, value) => sum + value, 0);
    this.chart.show(moment.speeds, [moment.energies.map((value) => (100 * value) / all)]);
    this.say("verdict", this.describe(t, moment));
  }

  private describe(t: number, { shareToTheRight, speed, ms }: Moment): string {
    const { algorithm, multiplyAdds } = this.motion.plan;
    const way = speed >= 0 ? "right" : "left";
    const rate = digits((2 * multiplyAdds) / ms / 1e6);
    return `Photograph ${t + 1}: ${digits(Math.abs(speed))} pixels per frame to the ${way}, ${percent(shareToTheRight)} of the energy to the right; ${algorithm}, ${digits(ms)} ms, ${rate} GFLOP/s.`;
  }
}

export function mountCat(root: HTMLElement): void {
  const open = async () => {
    const motion = await Motion.open();
    await new CatDemo(root, motion, await develop(motion)).open();
  };
  part(root, "[data-part=status]").textContent = "Cutting the plate into its photographs …";
  open().catch((error: Error) => {
    part(root, "[data-part=status]").textContent = `The movie cannot be shown: ${error.message}`;
  });
}
