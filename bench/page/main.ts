/** Wires form, runner and view, and keeps the page's state: starting, ready, running, stopped, done or failed. */
import { showCapabilities } from "./capabilities.ts";
import { hold } from "./contest.ts";
import { Lineup } from "./engines.ts";
import { ShapeForm } from "./form.ts";
import { specOf } from "./layer.ts";
import { mountLeNet } from "./lenet/mount.ts";
import { type Contest, openContest } from "./standing.ts";
import { verdictOf } from "./verdict.ts";
import { type BarsShow, ResultsView } from "./view.ts";

type State = "starting" | "ready" | "running" | "stopped" | "done" | "failed";

/** Drawing takes time from what is measured: a few times a second is live enough. */
const REDRAW_MS = 150;

const byId = (id: string) => document.getElementById(id)!;
const compare = byId("compare") as HTMLButtonElement;
const stop = byId("stop") as HTMLButtonElement;
const view = new ResultsView();
let contest: Contest | undefined;
let running: AbortController | undefined;

function enter(state: State): void {
  document.querySelector("main")!.dataset.state = state;
  const [hidden, shown] = state === "running" ? [compare, stop] : [stop, compare];
  const focused = document.activeElement === hidden;
  hidden.hidden = true;
  shown.hidden = false;
  // Who pressed the one button stays where it was, on the other.
  if (focused) shown.focus();
}

function barsShow(): BarsShow {
  return document.querySelector<HTMLInputElement>("[name=bars]:checked")!.value as BarsShow;
}

function draw(): void {
  if (contest) view.show(contest, barsShow());
}

/** Draws at once, then at most every `REDRAW_MS`. */
function sparingly(action: () => void): () => void {
  let last = Number.NEGATIVE_INFINITY;
  return () => {
    if (performance.now() - last < REDRAW_MS) return;
    action();
    last = performance.now();
  };
}

async function start(lineup: Lineup, form: ShapeForm): Promise<void> {
  if (running) return;
  running = new AbortController();
  const { signal } = running;
  try {
    const layer = await form.check();
    if (!layer) return form.focusComplaint();
    enter("running");
    view.say("");
    await lineup.tidy();
    const entries = lineup.entries();
    view.lineUp(entries);
    contest = openContest(layer, entries);
    draw();
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    byId("results").scrollIntoView({ block: "nearest", behavior: calm ? "instant" : "smooth" });
    await hold(contest, { signal, changed: sparingly(draw) });
    draw();
    byId("phase").textContent = `done, ${contest.rounds} rounds`;
    view.say(verdictOf(contest));
    enter("done");
  } catch (error) {
    draw();
    byId("phase").textContent = signal.aborted ? "stopped" : "failed";
    view.say(
      signal.aborted
        ? "Stopped. What was measured so far stays."
        : `The comparison failed: ${(error as Error).message}`,
    );
    enter(signal.aborted ? "stopped" : "failed");
  } finally {
    running = undefined;
    showCapabilities(lineup.capabilities());
  }
}

async function open(): Promise<void> {
  view.explain(barsShow());
  const lineup = await Lineup.start();
  const form = new ShapeForm(async (layer) => {
    const op = await lineup.scalar.nnet.conv2d.compile(specOf(layer));
    op.dispose();
    return op.plan;
  });
  showCapabilities(lineup.capabilities());
  view.lineUp(lineup.entries());
  await form.check();
  byId("shape").addEventListener("submit", (event) => {
    event.preventDefault();
    void start(lineup, form);
  });
  stop.addEventListener("click", () => running?.abort());
  document.addEventListener("keydown", ({ key }) => {
    if (key === "Escape") running?.abort();
  });
  for (const choice of document.querySelectorAll("[name=bars]")) {
    choice.addEventListener("change", () => {
      view.explain(barsShow());
      draw();
    });
  }
  compare.disabled = false;
  enter("ready");
}

mountLeNet(byId("lenet"));

open().catch((error: Error) => {
  byId("capabilities-line").textContent = "The page could not start";
  view.say(`${error.message} — is the library built? Run “npm run build”, then load the page again.`);
  enter("failed");
});
