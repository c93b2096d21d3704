/** The comparison in two or three sentences. */
import { times } from "../format.ts";
import { type Contest, isTimed, medianMs, type Standing, speedUpOf } from "./standing.ts";

/** "simd is 3.9× as fast as scalar, relaxed 5.8×, … All 4 answers are right." */
export function verdictOf(contest: Contest): string {
  const { standings } = contest;
  return [speedsOf(contest, standings.filter(isTimed)), answersOf(standings), remarkOf(standings.filter(isTimed))]
    .filter((sentence) => sentence !== "")
    .join(" ");
}

function speedsOf(contest: Contest, [first, ...others]: readonly Standing[]): string {
  if (others.length === 0) return "";
  const ratios = others.map((standing, i) => {
    const ratio = times(speedUpOf(contest, standing));
    const { title } = standing.entry;
    return i === 0 ? `${title} is ${ratio} as fast as ${first.entry.title}` : `${title} ${ratio}`;
  });
  return `${ratios.join(", ")}.`;
}

function answersOf(standings: readonly Standing[]): string {
  const checked = standings.filter(({ findings }) => findings.length > 0);
  const wrong = checked.filter(({ findings }) => findings.some(({ right }) => !right));
  if (checked.length === 0) return "Nobody could take part.";
  if (wrong.length === 0)
    return checked.length === 1 ? "The answer is right." : `All ${checked.length} answers are right.`;
  return `Wrong: the answer of ${wrong.map(({ entry }) => entry.title).join(", ")}.`;
}

/** Less than this is over before a worker has woken up. */
const TINY_MS = 0.2;

function remarkOf(timed: readonly Standing[]): string {
  const crew = timed.find(({ entry }) => entry.openmp);
  const alone = timed.find(({ entry }) => !entry.openmp && entry.binary === crew?.entry.binary);
  if (!crew || !alone || medianMs(alone) > TINY_MS || medianMs(crew) < medianMs(alone)) return "";
  return "So little work is done before workers wake up; the library, unless told otherwise, does it without them.";
}
