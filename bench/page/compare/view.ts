/** The results: bars, figures, check marks and plans. */
import { best, gflops } from "../../rounds.ts";
import { byId, element } from "../dom.ts";
import { digits, milliseconds, times } from "../format.ts";
import type { Entry } from "./engines.ts";
import { nameOf } from "./layer.ts";
import { type Contest, isTimed, medianMs, type Standing, speedUpOf, yardstickOf } from "./standing.ts";

export type BarsShow = "speed" | "time";

interface Row {
  readonly root: HTMLTableRowElement;
  readonly bar: HTMLElement;
  readonly cells: Readonly<Record<"gflops" | "median" | "best" | "speedup" | "answer", HTMLElement>>;
}

const COLUMNS = [
  ["gflops", "GFLOP/s"],
  ["median", "ms"],
  ["best", "ms best"],
  ["speedup", ""],
  ["answer", ""],
] as const;

function makeRow({ id, title, note, why }: Entry): Row {
  const root = element("tr");
  root.dataset.entry = id;
  const head = element("th");
  head.scope = "row";
  head.append(element("span", "title", title), element("small", "", note));
  root.append(head);
  const track = element("td", "bar");
  const bar = element("div", "fill");
  track.append(bar);
  root.append(track);
  const cells = COLUMNS.map(([name, unit]) => {
    const cell = element("td", name);
    cell.dataset.unit = unit;
    root.append(cell);
    return [name, cell] as const;
  });
  const row = { root, bar, cells: Object.fromEntries(cells) as unknown as Row["cells"] };
  exclude(row, why);
  return row;
}

function exclude({ root, bar }: Row, why: string | undefined): void {
  root.classList.toggle("absent", why !== undefined);
  bar.textContent = why === undefined ? "" : `not here: ${why}`;
}

export class ResultsView {
  private readonly rows = new Map<string, Row>();

  /** The empty table, before the first comparison. */
  lineUp(entries: readonly Entry[]): void {
    this.rows.clear();
    byId("rows").replaceChildren();
    for (const entry of entries) {
      const row = makeRow(entry);
      this.rows.set(entry.id, row);
      byId("rows").append(row.root);
    }
    sayItIsATable();
  }

  show(contest: Contest, show: BarsShow): void {
    byId("subject").textContent = nameOf(contest.task.layer);
    (byId("progress") as HTMLProgressElement).value = contest.progress;
    const round = contest.phase === "measuring" ? `, round ${contest.round} of ${contest.rounds}` : "";
    byId("phase").textContent = `${contest.phase}${round}`;
    const value = (ms: number) => (show === "speed" ? gflops(contest.multiplyAdds, ms) : ms);
    const timed = contest.standings.filter(isTimed);
    const longest = Math.max(...timed.flatMap((standing) => [value(best(standing.times)), value(medianMs(standing))]));
    byId("over").textContent = `Over ${yardstickOf(contest)?.entry.title ?? contest.standings[0]?.entry.title}`;
    for (const standing of contest.standings) {
      const row = this.rows.get(standing.entry.id)!;
      exclude(row, standing.why);
      this.showFindings(row, standing);
      if (!isTimed(standing)) continue;
      const [least, middle] = [best(standing.times), medianMs(standing)];
      const ends = [value(least), value(middle)].sort((a, b) => a - b);
      row.bar.style.setProperty("--length", String(ends[1] / longest));
      row.bar.style.setProperty("--solid", String(ends[0] / ends[1]));
      row.cells.gflops.textContent = digits(gflops(contest.multiplyAdds, middle));
      row.cells.best.textContent = milliseconds(least);
      row.cells.median.textContent = milliseconds(middle);
      row.cells.speedup.textContent = times(speedUpOf(contest, standing));
    }
    this.showPlans(contest);
  }

  private showFindings({ cells: { answer } }: Row, { findings }: Standing): void {
    const last = findings.at(-1);
    if (!last) {
      answer.replaceChildren();
      return;
    }
    const bad = findings.find(({ right }) => !right);
    const mark = element("span", bad ? "wrong" : "right", bad ? "✗" : "✓");
    mark.setAttribute("role", "img");
    mark.setAttribute("aria-label", bad ? "wrong:" : "right:");
    answer.title = findings.map(({ text }) => text).join("; ");
    answer.replaceChildren(mark, element("small", "", ` ${(bad ?? last).short}`));
  }

  private showPlans({ standings }: Contest): void {
    const parts = standings.flatMap(({ entry, plan, findings, why }) => {
      const found = why ?? findings.map(({ text }) => text).join("; ");
      return [element("h3", "", entry.title), element("p", "", found), element("pre", "", plan ?? "")];
    });
    byId("plan-list").replaceChildren(...parts);
  }

  /** What the bars mean, for those who see them for the first time. */
  explain(show: BarsShow): void {
    byId("bar-title").textContent = show === "speed" ? "Speed — longer is faster" : "Time — shorter is faster";
    byId("legend").textContent =
      show === "speed"
        ? "Arithmetic done in a second, in GFLOP/s; the light end reaches from the median to the best round."
        : "How long one convolution takes, in milliseconds; the light end reaches from the best round to the median.";
  }

  say(text: string): void {
    byId("verdict").textContent = text;
  }
}

/** The phone's layout makes cards of the rows; some browsers then no longer tell a screen reader that this is a table. */
function sayItIsATable(): void {
  const roles = {
    table: "table",
    "thead, tbody": "rowgroup",
    tr: "row",
    td: "cell",
    "thead th": "columnheader",
    "tbody th": "rowheader",
  };
  for (const [selector, role] of Object.entries(roles)) {
    for (const part of byId("results").querySelectorAll(selector)) part.setAttribute("role", role);
  }
}
