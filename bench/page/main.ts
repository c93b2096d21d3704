/** The page: its parts as tabs, each mounted when it is first shown; nothing is computed before. */
import { capabilities } from "simdconv";
import { showCapabilities } from "./capabilities.ts";
import { mountCat } from "./cat/mount.ts";
import { mountCompare } from "./compare/mount.ts";
import { mountCrossover } from "./crossover/mount.ts";
import { byId } from "./dom.ts";
import { mountLeNet } from "./lenet/mount.ts";
import { mountPicture } from "./picture/mount.ts";
import { openTabs } from "./tabs.ts";

/** By the id of their section. A section that is not listed is not offered. */
const PARTS: Readonly<Record<string, (root: HTMLElement) => void>> = {
  compare: mountCompare,
  crossover: mountCrossover,
  picture: mountPicture,
  cat: mountCat,
  lenet: mountLeNet,
};

openTabs(PARTS);
capabilities().then(showCapabilities, (error: Error) => {
  byId("capabilities-line").textContent = `The page could not start: ${error.message}`;
});
