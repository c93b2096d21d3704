/** A picture through a filter: chosen, convolved at once, and again for every frame of a webcam. */
import { median } from "../../rounds.ts";
import { part } from "../dom.ts";
import { digits } from "../format.ts";
import { nextFrame } from "../turns.ts";
import { Lens } from "./convolve.ts";
import { FILTERS } from "./filters.ts";
import { photograph, type Source, still, webcam } from "./sources.ts";

const SIDES = [320, 640, 1024] as const;
/** A still picture is convolved so often, and the last so many frames of a webcam count, for the median. */
const TIMES = 7;

class PictureDemo {
  private readonly root: HTMLElement;
  private source: Source | undefined;
  private lens: Lens | undefined;
  private times: number[] = [];
  /** Grows with every choice; work for an earlier one ends when it sees that. */
  private turn = 0;

  constructor(root: HTMLElement) {
    this.root = root;
    this.select("filter").append(...FILTERS.map(({ label }, i) => new Option(label, String(i))));
    this.select("side").append(...SIDES.map((side) => new Option(`${side} pixels`, String(side))));
    this.select("side").value = "640";
    part(root, "form").addEventListener("submit", (event) => event.preventDefault());
    for (const name of ["filter", "side"]) this.select(name).addEventListener("change", () => void this.show());
    const file = part<HTMLInputElement>(root, "[name=file]");
    file.addEventListener("change", () => {
      const [chosen] = file.files ?? [];
      if (chosen) void this.take(() => still(chosen, chosen.name));
    });
    this.button("bundled").addEventListener("click", () => void this.take(photograph));
    this.button("webcam").addEventListener("click", () => void this.take(this.source?.live ? photograph : webcam));
    // Nobody watches: the camera goes out.
    new MutationObserver(() => {
      if (root.hidden && this.source?.live) void this.take(photograph);
    }).observe(root, { attributeFilter: ["hidden"] });
    void this.take(photograph);
  }

  private select(name: string): HTMLSelectElement {
    return part(this.root, `[name=${name}]`);
  }

  private button(does: string): HTMLButtonElement {
    return part(this.root, `[data-do=${does}]`);
  }

  private say(name: "status" | "name" | "figures", text: string): void {
    part(this.root, `[data-part=${name}]`).textContent = text;
  }

  private async take(open: () => Promise<Source>): Promise<void> {
    const mine = ++this.turn;
    try {
      const source = await open();
      if (mine !== this.turn) return source.stop();
      this.source?.stop();
      this.source = source;
      this.button("webcam").setAttribute("aria-pressed", String(source.live));
      this.say("status", "");
      this.say("name", `${source.name}, ${source.width} × ${source.height}`);
      await this.show();
    } catch (error) {
      this.say("status", `That cannot be shown: ${(error as Error).message}`);
    }
  }

  private async show(): Promise<void> {
    const { source } = this;
    if (!source) return;
    const mine = ++this.turn;
    this.times = [];
    try {
      const lens = await this.lensFor(source);
      const before = this.canvas("before", lens);
      for (let i = 0; mine === this.turn && (source.live || i < TIMES); i++) {
        before.drawImage(source.image, 0, 0, lens.width, lens.height);
        const { pixels, ms } = await lens.look(before.getImageData(0, 0, lens.width, lens.height));
        if (mine !== this.turn) return;
        this.canvas("after", lens).putImageData(pixels, 0, 0);
        this.report(lens, ms);
        await nextFrame();
      }
      this.root.dataset.state = "shown";
    } catch (error) {
      // A lens that a later choice has put away.
      if (mine === this.turn) this.say("status", `The convolution failed: ${(error as Error).message}`);
    }
  }

  private async lensFor({ width, height }: Source): Promise<Lens> {
    delete this.root.dataset.state;
    const scale = Math.min(1, Number(this.select("side").value) / Math.max(width, height));
    const [w, h] = [width, height].map((extent) => Math.max(1, Math.round(extent * scale)));
    const lens = await Lens.grind(w, h, FILTERS[Number(this.select("filter").value)]);
    this.lens?.dispose();
    this.lens = lens;
    return lens;
  }

  private canvas(name: "before" | "after", { width, height }: Lens): CanvasRenderingContext2D {
    const canvas = part<HTMLCanvasElement>(this.root, `[data-part=${name}]`);
    // To set it empties it.
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    return canvas.getContext("2d", { willReadFrequently: true })!;
  }

  private report({ plan, width, height }: Lens, ms: number): void {
    this.times = [...this.times, ms].slice(-TIMES);
    const middle = median(this.times);
    const rate = (2 * plan.multiplyAdds) / middle / 1e6;
    this.say(
      "figures",
      `signal.conv2d of 3 × ${width} × ${height}, ${plan.algorithm}: ${digits(middle)} ms, as good as ${digits(rate)} GFLOP/s of plain sums`,
    );
  }
}

export function mountPicture(root: HTMLElement): void {
  new PictureDemo(root);
}
