/** Numbers and days in the window's language. */
import { t } from './page';

const language = document.documentElement.lang || 'en';
const whole = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });
const share = new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 0 });
const finely = new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 1 });
const weighed = new Intl.NumberFormat(language, { maximumSignificantDigits: 2, useGrouping: false });
const finelyNumbered = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
const twoDigits = new Intl.NumberFormat(language, { maximumFractionDigits: 2 });
const hundredths = new Intl.NumberFormat(language, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const atMoment = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' });
const wholeDate = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeZone: 'UTC' });
const dayAndMonth = new Intl.DateTimeFormat(language, { day: 'numeric', month: 'short', timeZone: 'UTC' });

export const number = (n: number): string => whole.format(n);
/** Of a share in [0, 1], whole percents. */
export const percent = (x: number): string => share.format(x);
/** Of a share in [0, 1], with a digit behind the point. */
export const finePercent = (x: number): string => finely.format(x);
/** Of a probability: small ones keep a digit, and what is nearly nothing says so. */
export const probability = (x: number): string =>
  x > 0 && x < 0.001 ? `< ${finely.format(0.001)}` : x < 0.1 ? finely.format(x) : share.format(x);
/** Of a module, as its setting has it. */
export const strengthText = (x: number): string => hundredths.format(x);
/** Two digits that count. */
export const factor = (x: number): string => `×${x >= 1000 ? whole.format(x) : weighed.format(x)}`;
/** @param day `2025-03-31`. */
export const date = (day: string): string => dayAndMonth.format(new Date(`${day}T00:00:00Z`));
/** @param moment ISO 8601; in the person's own time. */
export const moment = (iso: string): string => atMoment.format(new Date(iso));
/** Of a file or of text. */
export const size = (bytes: number): string => {
  if (bytes < 1e5) return t('{0} kB', whole.format(Math.ceil(bytes / 1e3)));
  return bytes < 1e9 ? t('{0} MB', finelyNumbered.format(bytes / 1e6)) : t('{0} GB', twoDigits.format(bytes / 1e9));
};
/** The same with its year. */
export const dateWithYear = (day: string): string => wholeDate.format(new Date(`${day}T00:00:00Z`));
