/** The comparison: wires form, runner and view, and keeps its state: starting, ready, running, stopped, done or failed. */
import { showCapabilities } from "../capabilities.ts";
import { copyText } from "../clipboard.ts";
import { byId, wantsCalm } from "../dom.ts";
import { sparingly } from "../turns.ts";
import { ChoiceForm } from "./choice.ts";
import { hold } from "./contest.ts";
import { type Choice, Lineup } from "./engines.ts";
import { ShapeForm } from "./form.ts";
import { markdownOf } from "./markdown.ts";
import { compile } from "./ops.ts";
import { type Contest, isTimed, openContest } from "./standing.ts";
import { verdictOf } from "./verdict.ts";
import { type BarsShow, ResultsView } from "./view.ts";

type State = "starting" | "ready" | "running" | "stopped" | "done" | "failed";

/** A few times a second is live enough. */
const REDRAW_MS = 150;

const button = (id: string) => byId(id) as HTMLButtonElement;

class Comparison {
  private readonly root: HTMLElement;
  private readonly view = new ResultsView();
  private contest: Contest | undefined;
  private running: AbortController | undefined;

  constructor(root: HTMLElement) {
    this.root = root;
  }

  async open(): Promise<void> {
    this.view.explain(barsShow());
    const lineup = await Lineup.start();
    const form = new ShapeForm(async (task) => {
      const op = await compile(lineup.scalar, task);
      op.dispose();
      return op.plan;
    });
    const choice = new ChoiceForm(lineup);
    showCapabilities(lineup.capabilities());
    this.view.lineUp(await lineup.beforehand(choice.read()));
    await form.check();
    this.listen(lineup, form, choice);
    button("start").disabled = false;
    this.enter("ready");
  }

  private listen(lineup: Lineup, form: ShapeForm, choice: ChoiceForm): void {
    byId("shape").addEventListener("submit", (event) => {
      event.preventDefault();
      void this.start(lineup, form, choice);
    });
    button("stop").addEventListener("click", () => this.running?.abort());
    document.addEventListener("keydown", ({ key }) => {
      if (key === "Escape") this.running?.abort();
    });
    for (const each of document.querySelectorAll("[name=bars]")) {
      each.addEventListener("change", () => {
        this.view.explain(barsShow());
        this.draw();
      });
    }
    button("copy").addEventListener("click", () => {
      if (this.contest) void copyText(markdownOf(this.contest, lineup.capabilities(), lineup.gpuName), byId("copied"));
    });
  }

  private enter(state: State): void {
    this.root.dataset.state = state;
    const [hidden, shown] = state === "running" ? [button("start"), button("stop")] : [button("stop"), button("start")];
    const focused = document.activeElement === hidden;
    hidden.hidden = true;
    shown.hidden = false;
    // Who pressed the one button stays where it was, on the other.
    if (focused) shown.focus();
    button("copy").disabled = state === "running" || !this.contest?.standings.some(isTimed);
  }

  private draw(): void {
    if (this.contest) this.view.show(this.contest, barsShow());
  }

  private async start(lineup: Lineup, form: ShapeForm, choice: ChoiceForm): Promise<void> {
    if (this.running) return;
    this.running = new AbortController();
    const { signal } = this.running;
    try {
      const task = await form.check();
      if (!task) return form.focusComplaint();
      const chosen = choice.read();
      if (chosen.entries.size === 0) return this.nobody(choice);
      this.enter("running");
      this.view.say("");
      byId("copied").textContent = "";
      await this.compete(task, lineup, chosen, signal);
    } catch (error) {
      this.draw();
      byId("phase").textContent = signal.aborted ? "stopped" : "failed";
      this.view.say(
        signal.aborted
          ? "Stopped. What was measured so far stays."
          : `The comparison failed: ${(error as Error).message}`,
      );
      this.enter(signal.aborted ? "stopped" : "failed");
    } finally {
      this.running = undefined;
      showCapabilities(lineup.capabilities());
    }
  }

  private nobody(choice: ChoiceForm): void {
    this.view.say("Choose who computes: at least one.");
    choice.first.focus();
  }

  private async compete(task: Contest["task"], lineup: Lineup, choice: Choice, signal: AbortSignal): Promise<void> {
    const entries = await lineup.entries(choice);
    this.view.lineUp(entries);
    this.contest = openContest(task, entries);
    this.draw();
    byId("results").scrollIntoView({ block: "nearest", behavior: wantsCalm() ? "instant" : "smooth" });
    await hold(this.contest, { signal, changed: sparingly(REDRAW_MS, () => this.draw()) });
    this.draw();
    byId("phase").textContent = `done, ${this.contest.rounds} rounds`;
    this.view.say(verdictOf(this.contest));
    this.enter("done");
  }

  fail(error: Error): void {
    byId("capabilities-line").textContent = "The page could not start";
    this.view.say(`${error.message} — is the library built? Run “npm run build”, then load the page again.`);
    this.enter("failed");
  }
}

function barsShow(): BarsShow {
  return document.querySelector<HTMLInputElement>("[name=bars]:checked")!.value as BarsShow;
}

export function mountCompare(root: HTMLElement): void {
  const comparison = new Comparison(root);
  comparison.open().catch((error: Error) => comparison.fail(error));
}
