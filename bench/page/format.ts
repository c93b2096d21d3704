/** Figures as the page writes them. */

/** Three digits, so that a column's figures have one look. */
export const digits = (value: number) =>
  value.toLocaleString("en", { maximumSignificantDigits: 3, minimumSignificantDigits: 3 });
export const milliseconds = (ms: number) => (ms >= 100 ? Math.round(ms).toLocaleString("en") : digits(ms));
export const times = (ratio: number) =>
  `${ratio < 1 ? ratio.toPrecision(2) : ratio < 9.95 ? ratio.toFixed(1) : Math.round(ratio)}×`;
/** 1.2M, 340k. */
export const compact = (value: number) =>
  value.toLocaleString("en", { notation: "compact", maximumSignificantDigits: 2 });
