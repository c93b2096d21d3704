/** What the pages promise by pointing: links lead somewhere, programs are files that run, figures show what the library computes. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { drawFigure, figureFiles } from "../../scripts/figures/figures.ts";
import { PAGES, programsIn, ROOT, SNIPPETS, strangersIn } from "../support/pages.ts";

const LARGEST_PICTURE = 60_000;
/** Older than the limit, and a picture of a page: it needs its pixels. */
const LARGER = ["docs/images/bench-page.png"];

it.each([...PAGES])("%s has no dead link", (page, text) => {
  expect(linksOf(text).filter((link) => !leadsSomewhere(page, link))).toEqual([]);
});

/** Those of assembly/ and test/ may show a signature or a few lines of a format. */
const forUsers = [...PAGES].filter(([page]) => page === "README.md" || page.startsWith("docs/"));

it.each(forUsers)("%s shows no program that nobody runs", (_, text) => {
  expect(strangersIn(text)).toEqual([]);
});

it("the README's first program is the example of ten lines", () => {
  expect(programsIn(PAGES.get("README.md")!)[0]).toBe(readFileSync(join(ROOT, "examples/conv2d.ts"), "utf8"));
});

it("every op has a page with a figure, an example and one of its gradients", () => {
  for (const op of ["nnet.conv2d", "signal.conv2d", "conv3D", "conv3d2d", "c01b"]) {
    const text = PAGES.get(`docs/ops/${op}.md`) ?? "";
    expect(text, op).toContain(`(../images/${op}.svg)`);
    const example = op === "nnet.conv2d" ? "conv2d" : op.replace("signal.conv2d", "signal");
    for (const path of [`examples/${example}.ts`, `examples/gradients/${op}.ts`]) {
      expect(SNIPPETS).toContain(path);
      expect(text).toContain(`](../../${path})`);
      expect(text).toContain(readFileSync(join(ROOT, path), "utf8"));
    }
  }
});

it.each(figureFiles)("docs/images/%s shows what the library computes", async (file) => {
  const committed = readFileSync(join(ROOT, "docs/images", file), "utf8");
  expect(committed, "npm run docs:figures draws it anew").toBe(await drawFigure(file));
});

it("pictures are small", () => {
  const pictures = [...PAGES].flatMap(([page, text]) =>
    linksOf(text)
      .filter((link) => /\.(png|svg|webp)$/.test(link) && !link.includes(":"))
      .map((link) => join(dirname(page), link)),
  );
  expect(pictures.length).toBeGreaterThan(5);
  const large = pictures.filter((path) => !LARGER.includes(path) && statSync(join(ROOT, path)).size > LARGEST_PICTURE);
  expect(large).toEqual([]);
});

function linksOf(text: string): string[] {
  const prose = text.replace(/^```.*?^```$/gms, "").replace(/`[^`\n]*`/g, "");
  const markdown = [...prose.matchAll(/\]\(([^()\s]+)\)/g)].map(([, link]) => link);
  const html = [...prose.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link]) => link);
  return [...markdown, ...html];
}

/** Files must be there, and headings; what is elsewhere is not asked for. */
function leadsSomewhere(page: string, link: string): boolean {
  if (/^[a-z]+:/.test(link)) return true;
  const [path, anchor] = link.split("#");
  const target = path === "" ? page : join(dirname(page), path);
  if (!existsSync(join(ROOT, target))) return false;
  return anchor === undefined || anchorsOf(readFileSync(join(ROOT, target), "utf8")).includes(anchor);
}

/** As GitHub names headings. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .trim()
      .replaceAll(" ", "-"),
  );
}
