/** The comparison in two or three sentences. */
import { median, medianRatio } from "../rounds.ts";
import { times } from "./format.ts";
import { type Contest, isTimed, type Standing } from "./standing.ts";

/** "simd is 3.9× as fast as scalar, relaxed 5.8×, … All 4 answers are right." */
export function verdictOf({ standings }: Contest): string {
  return [speedsOf(standings.filter(isTimed)), answersOf(standings), remarkOf(standings.filter(isTimed))]
    .filter((sentence) => sentence !== "")
    .join(" ");
}

function speedsOf([first, ...others]: readonly Standing[]): string {
  if (others.length === 0) return "";
  const ratios = others.map((standing, i) => {
    const ratio = times(medianRatio(first.times, standing.times));
    const { title } = standing.entry;
    return i === 0 ? `${title} is ${ratio} as fast as ${first.entry.title}` : `${title} ${ratio}`;
  });
  return `${ratios.join(", ")}.`;
}

function answersOf(standings: readonly Standing[]): string {
  const checked = standings.filter(({ findings }) => findings.length > 0);
  const wrong = checked.filter(({ findings }) => findings.some(({ right }) => !right));
  if (wrong.length === 0) return `All ${checked.length} answers are right.`;
  return `Wrong: the answer of ${wrong.map(({ entry }) => entry.title).join(", ")}.`;
}

/** Less than this is over before a worker has woken up. */
const TINY_MS = 0.2;

function remarkOf(timed: readonly Standing[]): string {
  const crew = timed.find(({ entry }) => entry.openmp);
  const alone = timed.filter(({ entry }) => !entry.openmp).at(-1);
  if (!crew || !alone || median(alone.times) > TINY_MS || median(crew.times) < median(alone.times)) return "";
  return "So little work is done before workers wake up; the library, unless told otherwise, does it without them.";
}
