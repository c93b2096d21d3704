/** `npm run docs:figures`: draws docs/images/*.svg anew. A test holds the committed ones to what this draws. */
import { writeFileSync } from "node:fs";
import { drawFigure, figureFiles } from "./figures/figures.ts";

for (const file of figureFiles) writeFileSync(`docs/images/${file}`, await drawFigure(file));
