/** Figures and lists as people read them. */
import { t } from '../page';

const language = document.documentElement.lang || 'en';
const share = new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 1 });
const gain = new Intl.NumberFormat(language, { maximumFractionDigits: 1, signDisplay: 'exceptZero' });
const plain = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });

/** Of a share in [0, 1]. */
export const shareText = (x: number): string => share.format(x);
/** Of a difference of shares: percentage points, which are not percents. */
export const pointsText = (x: number): string => t('{0} points', gain.format(100 * x));
export const boundText = (x: number): string => gain.format(100 * x);
export const percentNumber = (x: number): string => plain.format(100 * x);
export const list = (texts: readonly string[]): string => new Intl.ListFormat(language).format(texts);
